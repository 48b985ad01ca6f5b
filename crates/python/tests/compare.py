"""Compares awaitlist with asyncio on random programs, after every operation.

    compare.py [COUNT [SEED]]

Runs the programs of oracle.py without cancellation against asyncio itself, and with cancellations
anywhere against model.py; the latter with waits that leave at `cancel()`, and with waits that leave
when the exception arrives.
"""

import asyncio
import logging
import random
import re
import sys
import warnings

import awaitlist
import model
import oracle

NAMES = ("Lock", "Event", "Condition", "Semaphore", "BoundedSemaphore", "Barrier")
OWN = {name: getattr(asyncio, name) for name in NAMES}


class Runner(oracle.Runner):
    def obs(self):
        seen = {}
        for name, primitive in self.prims.items():
            one = {"repr": re.search(r"\[(.*)\]>$", repr(primitive)).group(1)}
            for what in ("_value", "_count", "n_waiting", "broken"):
                if hasattr(primitive, what):
                    one[what] = getattr(primitive, what)
            for what in ("locked", "is_set"):
                if hasattr(primitive, what):
                    one[what] = getattr(primitive, what)()
            seen[name] = one
        return seen

    def run(self):
        steps = [self.step(op) for op in self.prog["ops"]]
        blocked = [name for name, task in self.tasks.items() if not task.done()]
        trace = {"id": self.prog.get("id"), "steps": steps, "blocked": blocked}
        for task in self.tasks.values():
            task.cancel()
        for _ in range(200):
            if not self.loop._ready:
                break
            self.loop.tick()
        return trace


def run(program, classes):
    for name in NAMES:
        setattr(asyncio, name, classes(name))
    try:
        return Runner(program, oracle.MiniLoop()).run()
    finally:
        for name, own in OWN.items():
            setattr(asyncio, name, own)


def compare(title, profile, reference, count, seed):
    differing = 0
    for number in range(seed, seed + count):
        program = oracle.gen(number, profile)
        theirs = run(program, reference)
        ours = run(program, lambda name: getattr(awaitlist, name))
        difference = oracle.first_diff(theirs, ours)
        if difference is not None:
            differing += 1
            if differing <= 3:
                step, what, expected, found = difference
                op = program["ops"][step] if step < len(program["ops"]) else "end"
                print(f"  program {number}, step {step} {op}: {what}")
                print(f"    expected {expected}\n    found    {found}")
    print(f"{title}: {differing} of {count} programs differ (seed {seed})", flush=True)
    return differing == 0


def main():
    warnings.simplefilter("ignore")
    logging.disable(logging.CRITICAL)
    # Tasks that never end are closed while they wait; asyncio's coroutines refuse that too.
    sys.unraisablehook = lambda unraisable: None
    count = int(sys.argv[1]) if len(sys.argv) > 1 else 1000
    seed = int(sys.argv[2]) if len(sys.argv) > 2 else random.randrange(10**9)
    in_model = lambda name: getattr(model, name)
    good = [compare("no cancellation, asyncio itself", "none", OWN.get, count, seed)]
    model.LEAVE_AT_CANCEL = True
    good.append(compare("leaving at cancel(), the model", "raw", in_model, count, seed))
    model.LEAVE_AT_CANCEL = False
    awaitlist._awaitlist._leave_late(True)
    good.append(compare("leaving late, the model", "raw", in_model, count, seed))
    sys.exit(0 if all(good) else 1)


if __name__ == "__main__":
    main()
