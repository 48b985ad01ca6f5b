#!/usr/bin/env python3
"""Runs small programs on asyncio.locks, and prints what they did.

  oracle.py gen SEED COUNT PROFILE                         > programs.jsonl
  oracle.py run                         < programs.jsonl   > traces.jsonl
  oracle.py run --classes asyncio|model [--without CHANGE,CHANGE...|all] [--loop std]
  oracle.py changes                     prints the names of the changes of model.py

`run` takes a program with cancellations to the classes of model.py, and any other to CPython's own.
`--classes` takes all programs to the same, and `--without` leaves changes of the model out.
`--loop std` steps a real SelectorEventLoop; the traces are the same.

Program:  {"id": int, "profile": PROFILE, "prims": {NAME: SPEC}, "ops": [OP, ...]}
PROFILE:  see programs.py
SPEC:     {"kind": "lock"} {"kind": "event"} {"kind": "condition"[, "lock": NAME]}
          {"kind": "semaphore", "value": n} {"kind": "bounded", "value": n}
          {"kind": "barrier", "parties": n}
OP (outside of all tasks; no task runs until tick or settle):
  ["spawn", T, "acquire", P]          await P.acquire(), keep it
  ["spawn", T, "with", P, k]          async with P: log "enter"; yield k times; log "exit"
  ["spawn", T, "wait", E]             await E.wait()
  ["spawn", T, "cond_wait", C]        async with C: await C.wait(); log "woke"
  ["spawn", T, "cond_hold", C]        await C.acquire(); await C.wait(), keep the lock
  ["spawn", T, "cond_for", C, F]      async with C: await C.wait_for(lambda: flags[F])
  ["spawn", T, "cond_wait_drop", C]   as cond_wait and cond_for, but a cancelled wait is dropped,
  ["spawn", T, "cond_for_drop", C, F] which leaves without the lock
  ["spawn", T, "bar_wait", B] ["spawn", T, "bar_reset", B] ["spawn", T, "bar_abort", B]
  ["release", P] ["set", E] ["clear", E] ["notify", C, n] ["notify_all", C]
  ["flag", F, value]  ["cancel", T]  ["cancel", T, message]
  ["tick"]    run the tasks that are ready now (one turn of the loop)
  ["settle"]  tick until no task is ready
Trace: {"id", "v", "steps": [{"op", "ret" or "err"?, "log": [[T, event, value?]...], "obs": {P: {...}}}],
        "blocked": [T...]}
  log events: start, acq, woke, enter, exit, ok, err
  obs: lock {locked, waiters, repr}; event {set, waiters, repr}; barrier {state, n_waiting, broken, parties, repr}
       condition {locked, waiters, lockq, repr}; semaphore and bounded {locked, value, waiters, repr}
  lockq is the number of waiters of a condition's lock, repr the text in brackets.
"""
import asyncio
import collections
import json
import logging
import platform
import re
import sys
import warnings
from asyncio import events

import model
import programs

VERSION = platform.python_version()


class MiniLoop(asyncio.AbstractEventLoop):
    """The smallest loop on which asyncio's tasks run: one queue, no clock, no I/O."""

    def __init__(self):
        self._ready = collections.deque()

    def get_debug(self):
        return False

    def is_running(self):
        return True

    def is_closed(self):
        return False

    def time(self):
        return 0.0

    def call_exception_handler(self, context):
        pass

    def call_soon(self, callback, *args, context=None):
        handle = asyncio.Handle(callback, args, self, context)
        self._ready.append(handle)
        return handle

    def create_future(self):
        return asyncio.Future(loop=self)

    def create_task(self, coro, *, name=None, context=None):
        return asyncio.Task(coro, loop=self, name=name)

    def tick(self):
        events._set_running_loop(self)
        try:
            for _ in range(len(self._ready)):
                handle = self._ready.popleft()
                if not handle._cancelled:
                    handle._run()
        finally:
            events._set_running_loop(None)

    def close(self):
        pass


class StdLoop:
    """The same methods over a real loop."""

    def __init__(self):
        self.loop = asyncio.SelectorEventLoop()

    _ready = property(lambda self: self.loop._ready)

    def create_task(self, coro, *, name=None):
        return self.loop.create_task(coro, name=name)

    def tick(self):
        if self.loop._ready:
            self.loop.call_soon(self.loop.stop)
            self.loop.run_forever()

    def close(self):
        self.loop.close()


def show(error):
    """An exception, as a trace has it."""
    said = ": " + ", ".join(map(str, error.args)) if error.args else ""
    return type(error).__name__ + said


class Runner:
    """Runs one program."""

    def __init__(self, program, loop, classes):
        self.program, self.loop = program, loop
        self.prims, self.tasks, self.flags = {}, {}, {}
        self.log, self.finished = [], set()
        for name, spec in program["prims"].items():
            self.prims[name] = self.make(classes, spec)

    def make(self, classes, spec):
        match spec["kind"]:
            case "lock":
                return classes.Lock()
            case "event":
                return classes.Event()
            case "condition" if spec.get("lock"):
                return classes.Condition(self.prims[spec["lock"]])
            case "condition":
                return classes.Condition()
            case "semaphore":
                return classes.Semaphore(spec["value"])
            case "bounded":
                return classes.BoundedSemaphore(spec["value"])
            case "barrier":
                return classes.Barrier(spec["parties"])
        raise SystemExit("no such kind: " + spec["kind"])

    async def task(self, name, job, prim, arguments):
        def log(event, *value):
            self.log.append([name, event, *value])

        log("start")
        try:
            log("ok", await self.job(job, prim, arguments, log))
        except BaseException as error:
            log("err", show(error))
            if not isinstance(error, (Exception, asyncio.CancelledError)):
                raise
        finally:
            self.finished.add(name)

    async def job(self, job, prim, arguments, log):
        match job, arguments:
            case "acquire", []:
                return await prim.acquire()
            case "with", [yields]:
                async with prim:
                    log("enter")
                    for _ in range(yields):
                        await asyncio.sleep(0)
                    log("exit")
                return None
            case "wait", []:
                return await prim.wait()
            case "cond_wait", []:
                async with prim:
                    log("acq")
                    result = await prim.wait()
                    log("woke")
                return result
            case "cond_hold", []:
                await prim.acquire()
                log("acq")
                return await prim.wait()
            case "cond_for", [flag]:
                async with prim:
                    log("acq")
                    result = await prim.wait_for(lambda: self.flags.get(flag, 0))
                    log("woke")
                return result
            case "cond_wait_drop", []:
                await prim.acquire()
                log("acq")
                result = await prim.wait_or_drop()
                log("woke")
                prim.release()
                return result
            case "cond_for_drop", [flag]:
                await prim.acquire()
                log("acq")
                while not self.flags.get(flag, 0):
                    await prim.wait_or_drop()
                log("woke")
                result = self.flags[flag]
                prim.release()
                return result
            case "bar_wait", []:
                return await prim.wait()
            case "bar_reset", []:
                return await prim.reset()
            case "bar_abort", []:
                return await prim.abort()
        raise SystemExit("no such job: " + job)

    def tick(self):
        self.loop.tick()
        for name, task in self.tasks.items():
            if task.done() and name not in self.finished:
                self.finished.add(name)
                self.log.append([name, "err", "CancelledError (never started)"])

    def observe(self):
        return {name: self.look(prim) for name, prim in self.prims.items()}

    def look(self, prim):
        text = re.search(r"\[(.*)\]>$", repr(prim)).group(1)
        if isinstance(prim, asyncio.Barrier):
            return {"state": prim._state.value, "n_waiting": prim.n_waiting, "broken": prim.broken,
                    "parties": prim.parties, "repr": text}
        seen = {"waiters": len(prim._waiters or ())}
        if isinstance(prim, asyncio.Event):
            seen["set"] = prim.is_set()
        else:
            seen["locked"] = prim.locked()
        if isinstance(prim, asyncio.Semaphore):
            seen["value"] = prim._value
        if isinstance(prim, asyncio.Condition):
            seen["lockq"] = len(prim._lock._waiters or ())
        return {**seen, "repr": text}

    def perform(self, op):
        match op:
            case "spawn", name, job, prim, *arguments:
                task = self.task(name, job, self.prims[prim], arguments)
                self.tasks[name] = self.loop.create_task(task, name=name)
            case "release", prim:
                return self.prims[prim].release()
            case "set", prim:
                return self.prims[prim].set()
            case "clear", prim:
                return self.prims[prim].clear()
            case "notify", prim, count:
                return self.prims[prim].notify(count)
            case "notify_all", prim:
                return self.prims[prim].notify_all()
            case "flag", flag, value:
                self.flags[flag] = value
            case "cancel", name, *message:
                return self.tasks[name].cancel(*message)
            case "tick",:
                self.tick()
            case "settle",:
                turns = 0
                while self.loop._ready:
                    self.tick()
                    turns += 1
                    if turns > 10_000:
                        raise RuntimeError("the tasks keep waking each other")
            case _:
                raise SystemExit("no such operation: " + op[0])

    def step(self, op):
        outcome = {}
        try:
            returned = self.perform(op)
            if returned is not None:
                outcome["ret"] = returned
        except Exception as error:
            outcome["err"] = show(error)
        log, self.log = self.log, []
        return {"op": op, **outcome, "log": log, "obs": self.observe()}

    def run(self):
        steps = [self.step(op) for op in self.program["ops"]]
        blocked = [name for name, task in self.tasks.items() if not task.done()]
        self.tidy_up()
        return {"id": self.program.get("id"), "v": VERSION, "steps": steps, "blocked": blocked}

    def tidy_up(self):
        """Ends all tasks, since Python reports those that it destroys before their end."""
        for task in self.tasks.values():
            task.cancel()
        while not all(task.done() for task in self.tasks.values()):
            self.loop.tick()
            for prim in self.prims.values():
                try:
                    (prim._cond if isinstance(prim, asyncio.Barrier) else prim).release()
                except Exception:
                    pass


def classes_for(program, classes, without):
    if classes == "asyncio":
        return model.ASYNCIO
    cancels = any(op[0] == "cancel" for op in program["ops"])
    if classes == "model" or cancels:
        left = () if without == ["all"] else set(model.CHANGES) - set(without)
        return model.classes(tuple(sorted(left)))
    return model.ASYNCIO


def run(make_loop, classes, without):
    for line in sys.stdin:
        if line.strip():
            program, loop = json.loads(line), make_loop()
            trace = Runner(program, loop, classes_for(program, classes, without)).run()
            loop.close()
            print(json.dumps(trace))


def main(arguments):
    def option(name, otherwise=None):
        return arguments[arguments.index(name) + 1] if name in arguments else otherwise

    match arguments:
        case ["gen", seed, count, profile]:
            for at in range(int(seed), int(seed) + int(count)):
                print(json.dumps(programs.generate(at, profile)))
        case ["run", *_]:
            without = [name for name in option("--without", "").split(",") if name]
            make_loop = StdLoop if option("--loop") == "std" else MiniLoop
            run(make_loop, option("--classes"), without)
        case ["changes"]:
            for name in model.CHANGES:
                print(name)
        case _:
            print(__doc__)
            return 2
    return 0


if __name__ == "__main__":
    warnings.simplefilter("ignore")
    logging.disable(logging.CRITICAL)
    sys.exit(main(sys.argv[1:]))
