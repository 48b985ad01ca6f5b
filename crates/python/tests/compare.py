"""Compares awaitlist with asyncio on random programs, after every operation.

    compare.py [COUNT [SEED]]

The programs, what runs them and the model are those of tests/asyncio/conformance. Programs without
cancellation are compared with asyncio itself, and those with cancellations anywhere with the model:
once with waits that leave at `cancel()`, and once with waits that leave when the exception arrives.
"""

import asyncio
import logging
import pathlib
import random
import re
import sys
import types
import warnings

import awaitlist

ROOT = pathlib.Path(__file__).resolve().parents[3]
sys.path.insert(0, str(ROOT / "tests" / "asyncio" / "conformance"))

import model  # noqa: E402
import oracle  # noqa: E402
import programs  # noqa: E402

NAMES = ("Lock", "Event", "Condition", "Semaphore", "BoundedSemaphore", "Barrier")
OURS = types.SimpleNamespace(**{name: getattr(awaitlist, name) for name in NAMES})


class Runner(oracle.Runner):
    """Runs a program on either of the two: what is seen is what both have."""

    def look(self, prim):
        seen = {"repr": re.search(r"\[(.*)\]>$", repr(prim)).group(1)}
        for what in ("_value", "_count", "n_waiting", "broken"):
            if hasattr(prim, what):
                seen[what] = getattr(prim, what)
        for what in ("locked", "is_set"):
            if hasattr(prim, what):
                seen[what] = getattr(prim, what)()
        return seen

    def tidy_up(self):
        for task in self.tasks.values():
            task.cancel()
        for _ in range(200):
            if not self.loop._ready:
                break
            self.loop.tick()


def generate(number, profile):
    """A program. Python has no wait that can be dropped: it is one that is cancelled."""
    program = programs.generate(number, profile)
    for op in program["ops"]:
        if op[0] == "spawn":
            op[2] = op[2].removesuffix("_drop")
    return program


def first_difference(theirs, ours):
    for step, (expected, found) in enumerate(zip(theirs["steps"], ours["steps"])):
        for what in ("err", "ret", "log", "obs"):
            if expected.get(what) != found.get(what):
                return step, what, expected.get(what), found.get(what)
    if theirs["blocked"] != ours["blocked"]:
        return len(theirs["steps"]), "blocked", theirs["blocked"], ours["blocked"]
    return None


def compare(title, profile, reference, count, seed):
    differing = 0
    for number in range(seed, seed + count):
        program = generate(number, profile)
        theirs = Runner(program, oracle.MiniLoop(), reference).run()
        ours = Runner(program, oracle.MiniLoop(), OURS).run()
        difference = first_difference(theirs, ours)
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
    leaving = model.classes((*model.CHANGES, model.LEAVE))
    good = [
        compare("no cancellation, asyncio itself", "none", model.ASYNCIO, count, seed),
        compare("leaving at cancel(), the model", "raw", leaving, count, seed),
    ]
    awaitlist._awaitlist._leave_late(True)
    good.append(
        compare("leaving late, the model", "raw", model.classes((*model.CHANGES,)), count, seed)
    )
    sys.exit(0 if all(good) else 1)


if __name__ == "__main__":
    main()
