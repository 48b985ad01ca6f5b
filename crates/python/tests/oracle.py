#!/usr/bin/env python3
"""Oracle for asyncio.locks: runs small JSON programs, prints JSON traces.

  oracle.py run            < programs.jsonl  > traces.jsonl
  oracle.py gen SEED COUNT [--profile none|drop|raw|mixed] > programs.jsonl
  oracle.py diff A.jsonl B.jsonl [...]       (compare traces; lists divergences)
  oracle.py run --loop std                   (same, on a real SelectorEventLoop)

Program:  {"id": int, "prims": {NAME: SPEC}, "ops": [OP, ...]}
SPEC:     {"kind":"lock"} {"kind":"event"} {"kind":"condition"[,"lock":NAME]}
          {"kind":"semaphore","value":n} {"kind":"bounded","value":n}
          {"kind":"barrier","parties":n}
OP (driver is outside every task; nothing runs until tick/settle):
  ["spawn", T, "acquire", P]         lock/cond/sem: await P.acquire(), keep it; logs ok:true
  ["spawn", T, "with", P, k]         async with P: log "enter"; yield k times; log "exit"
  ["spawn", T, "wait", E]            await event.wait()
  ["spawn", T, "cond_wait", C]       async with C: await C.wait(); log "woke"
  ["spawn", T, "cond_hold", C]       await C.acquire(); await C.wait(); keeps the lock
  ["spawn", T, "cond_for", C, F]     async with C: await C.wait_for(lambda: flags[F])
  ["spawn", T, "bar_wait", B] ["spawn", T, "bar_reset", B] ["spawn", T, "bar_abort", B]
  ["release", P] ["set", E] ["clear", E] ["notify", C, n] ["notify_all", C]
  ["flag", F, value]  ["cancel", T] / ["cancel", T, msg]
  ["tick"]   run exactly the handles that are ready now (one loop iteration)
  ["settle"] tick until nothing is ready
Trace: {"id", "v", "steps": [{"op", "ret"|"err"?, "log": [[T, event, value?]...], "obs": {P: {...}}}]}
  log events: start, acq, woke, enter, exit, ok, err
  obs: lock {locked,waiters,live,repr} event {set,waiters,live,repr}
       condition {locked,waiters,live,lockq,repr} semaphore/bounded {locked,value,waiters,live,repr}
       barrier {state,n_waiting,broken,parties,count,condq,lockq,repr}
  waiters = len(_waiters) (what repr shows); live = those whose task has no cancel pending.
"""
import asyncio, collections, json, random, re, sys
from asyncio import events

VERSION = "%d.%d.%d" % sys.version_info[:3]


class MiniLoop(asyncio.AbstractEventLoop):
    """The smallest loop asyncio tasks need: one FIFO of handles, no clock, no I/O."""
    def __init__(self):
        self._ready = collections.deque()
    def get_debug(self): return False
    def is_running(self): return True
    def is_closed(self): return False
    def time(self): return 0.0
    def call_exception_handler(self, context): pass
    def call_soon(self, callback, *args, context=None):
        h = asyncio.Handle(callback, args, self, context)
        self._ready.append(h)
        return h
    def create_future(self): return asyncio.Future(loop=self)
    def create_task(self, coro, *, name=None, context=None):
        return asyncio.Task(coro, loop=self, name=name)
    def tick(self):
        events._set_running_loop(self)
        try:
            for _ in range(len(self._ready)):
                h = self._ready.popleft()
                if not h._cancelled:
                    h._run()
        finally:
            events._set_running_loop(None)
    def close(self): pass


class StdLoop:
    """The same surface over a real selector loop."""
    def __init__(self):
        self.loop = asyncio.SelectorEventLoop()
    _ready = property(lambda s: s.loop._ready)
    def create_task(self, coro, *, name=None):
        return self.loop.create_task(coro, name=name)
    def tick(self):
        if self.loop._ready:
            self.loop.call_soon(self.loop.stop)
            self.loop.run_forever()
    def close(self):
        self.loop.close()


def show(e):
    return type(e).__name__ + (": " + ", ".join(map(str, e.args)) if e.args else "")


class Runner:
    def __init__(self, prog, loop):
        self.prog, self.loop = prog, loop
        self.prims, self.tasks, self.flags = {}, {}, {}
        self.log, self.finished = [], set()
        for name, sp in prog["prims"].items():
            k = sp["kind"]
            if k == "lock": p = asyncio.Lock()
            elif k == "event": p = asyncio.Event()
            elif k == "condition":
                p = asyncio.Condition(self.prims[sp["lock"]]) if sp.get("lock") else asyncio.Condition()
            elif k == "semaphore": p = asyncio.Semaphore(sp["value"])
            elif k == "bounded": p = asyncio.BoundedSemaphore(sp["value"])
            elif k == "barrier": p = asyncio.Barrier(sp["parties"])
            else: raise SystemExit("bad kind " + k)
            self.prims[name] = p

    async def body(self, t, what, p, args):
        log = lambda ev, *v: self.log.append([t, ev, *v])
        log("start")
        try:
            if what == "acquire":
                r = await p.acquire()
            elif what == "with":
                async with p:
                    log("enter")
                    for _ in range(args[0]):
                        await asyncio.sleep(0)
                    log("exit")
                r = None
            elif what == "wait":
                r = await p.wait()
            elif what == "cond_wait":
                async with p:
                    log("acq")
                    r = await p.wait()
                    log("woke")
            elif what == "cond_hold":
                await p.acquire()
                log("acq")
                r = await p.wait()
            elif what == "cond_for":
                async with p:
                    log("acq")
                    r = await p.wait_for(lambda: self.flags.get(args[0], 0))
                    log("woke")
            elif what == "bar_wait": r = await p.wait()
            elif what == "bar_reset": r = await p.reset()
            elif what == "bar_abort": r = await p.abort()
            else: raise SystemExit("bad task " + what)
            log("ok", r)
        except BaseException as e:
            log("err", show(e))
            if not isinstance(e, (Exception, asyncio.CancelledError)):
                raise
        finally:
            self.finished.add(t)

    def after_tick(self):
        for t, task in self.tasks.items():      # cancelled before its first step
            if task.done() and t not in self.finished:
                self.finished.add(t)
                self.log.append([t, "err", "CancelledError (never started)"])

    def live(self, waiters):
        pending = {id(k._fut_waiter) for k in self.tasks.values()
                   if not k.done() and k._fut_waiter is not None and k.cancelling()}
        return sum(1 for w in waiters if not w.cancelled() and id(w) not in pending)

    def obs(self):
        out = {}
        for name, p in self.prims.items():
            ext = re.search(r"\[(.*)\]>$", repr(p)).group(1)
            w = getattr(p, "_waiters", None) or ()
            if isinstance(p, asyncio.Barrier):
                o = {"state": p._state.value, "n_waiting": p.n_waiting, "broken": p.broken,
                     "parties": p.parties, "count": p._count, "condq": len(p._cond._waiters),
                     "lockq": len(p._cond._lock._waiters or ())}
            else:
                o = {"waiters": len(w), "live": self.live(w)}
                if isinstance(p, asyncio.Event): o["set"] = p.is_set()
                else: o["locked"] = p.locked()
                if isinstance(p, asyncio.Semaphore): o["value"] = p._value
                if isinstance(p, asyncio.Condition): o["lockq"] = len(p._lock._waiters or ())
            o["repr"] = ext
            out[name] = o
        return out

    def step(self, op):
        o, res = op[0], {}
        try:
            if o == "spawn":
                _, t, what, p, *args = op
                self.tasks[t] = self.loop.create_task(
                    self.body(t, what, self.prims[p], args), name=t)
                ret = None
            elif o == "release": ret = self.prims[op[1]].release()
            elif o == "set": ret = self.prims[op[1]].set()
            elif o == "clear": ret = self.prims[op[1]].clear()
            elif o == "notify": ret = self.prims[op[1]].notify(op[2])
            elif o == "notify_all": ret = self.prims[op[1]].notify_all()
            elif o == "flag": self.flags[op[1]] = op[2]; ret = None
            elif o == "cancel":
                ret = self.tasks[op[1]].cancel(*op[2:])
            elif o == "tick":
                self.loop.tick(); self.after_tick(); ret = None
            elif o == "settle":
                n = 0
                while self.loop._ready:
                    self.loop.tick(); self.after_tick(); n += 1
                    if n > 10000: raise RuntimeError("livelock")
                ret = None
            else: raise SystemExit("bad op " + o)
            if ret is not None: res["ret"] = ret
        except Exception as e:
            res["err"] = show(e)
        log, self.log = self.log, []
        return {"op": op, **res, "log": log, "obs": self.obs()}

    def run(self):
        steps = [self.step(op) for op in self.prog["ops"]]
        tr = {"id": self.prog.get("id"), "v": VERSION, "steps": steps,
              "blocked": [t for t, k in self.tasks.items() if not k.done()]}
        self.log = []
        for k in self.tasks.values():            # tidy up quietly
            k.cancel()
        for _ in range(200):
            if not self.loop._ready: break
            self.loop.tick()
        for p in self.prims.values():
            try: (p._cond if isinstance(p, asyncio.Barrier) else p).release()
            except Exception: pass
        return tr


# ------------------------------------------------------------------ generator
def gen(seed, profile="mixed"):
    """One program. none: no cancel at all. drop: every cancel comes at rest or after one sync op, and is
    followed by settle, so that a synchronous Rust drop is comparable at the settle.
    raw: anything anywhere, with repeated and messaged cancels."""
    rng = random.Random(seed)
    if profile == "mixed":
        profile = rng.choice(["drop", "raw"])
    kind = rng.choice(["lock", "event", "condition", "semaphore", "bounded", "barrier", "mix", "shared"])
    prims = {}
    def add(k):
        if k == "lock": prims["L"] = {"kind": "lock"}
        if k == "event": prims["E"] = {"kind": "event"}
        if k == "condition": prims["C"] = {"kind": "condition"}
        if k == "semaphore": prims["S"] = {"kind": "semaphore", "value": rng.randint(0, 3)}
        if k == "bounded": prims["D"] = {"kind": "bounded", "value": rng.randint(1, 3)}
        if k == "barrier": prims["R"] = {"kind": "barrier", "parties": rng.randint(1, 4)}
    if kind == "mix":
        for k in rng.sample(["lock", "event", "condition", "semaphore", "bounded", "barrier"], 2): add(k)
    elif kind == "shared":          # one lock, and two conditions on it
        add("lock")
        for name in ("C", "C2"): prims[name] = {"kind": "condition", "lock": "L"}
    else: add(kind)
    ops, n, names = [], 0, []
    def spawn():
        nonlocal n
        n += 1
        t = "t%d" % n
        p = rng.choice(list(prims))
        k = prims[p]["kind"]
        if k in ("lock", "semaphore", "bounded"):
            w = ["acquire", p] if rng.random() < .65 else ["with", p, rng.randint(0, 3)]
        elif k == "event": w = ["wait", p]
        elif k == "condition":
            r = rng.random()
            w = (["cond_wait", p] if r < .45 else ["cond_hold", p] if r < .55 else
                 ["cond_for", p, "f"] if r < .75 else ["acquire", p] if r < .9 else ["with", p, 1])
        else:
            r = rng.random()
            w = ["bar_wait" if r < .84 else "bar_reset" if r < .93 else "bar_abort", p]
        names.append(t)
        return ["spawn", t, *w]
    def sync():
        p = rng.choice(list(prims))
        k = prims[p]["kind"]
        if k in ("lock", "semaphore", "bounded"): return ["release", p]
        if k == "event": return [rng.choice(["set", "set", "clear"]), p]
        if k == "condition":
            return rng.choice([["release", p], ["release", p], ["notify", p, rng.randint(0, 3)],
                               ["notify", p, 1], ["notify_all", p], ["flag", "f", rng.randint(0, 2)]])
        return None
    def cancel():
        if not names: return None
        op = ["cancel", rng.choice(names[-6:])]
        if profile == "raw" and rng.random() < .3: op.append("m%d" % rng.randint(0, 9))
        return op
    for _ in range(rng.randint(6, 24)):
        r = rng.random()
        if r < .42: ops.append(spawn())
        elif r < .68:
            s = sync()
            if s: ops.append(s)
        elif r < .80:
            if profile == "none":
                ops.append(["tick"] if r < .74 else ["settle"])
            elif profile == "raw":
                c = cancel()
                if c: ops.append(c)
            else:
                ops.append(["settle"])
                if rng.random() < .6:
                    s = sync()
                    if s: ops.append(s)
                c = cancel()
                if c: ops += [c, ["settle"]]
        elif r < .90: ops.append(["settle"])
        else: ops.append(["tick"])
    ops.append(["settle"])
    return {"id": seed, "profile": profile, "prims": prims, "ops": ops}


# ----------------------------------------------------------------------- diff
def first_diff(a, b):
    for i, (x, y) in enumerate(zip(a["steps"], b["steps"])):
        for key in ("err", "ret", "log", "obs"):
            if x.get(key) != y.get(key):
                return i, key, x.get(key), y.get(key)
    if a["blocked"] != b["blocked"]:
        return len(a["steps"]), "blocked", a["blocked"], b["blocked"]
    return None

def settled(tr):
    """Only what is seen at rest, with the log since the last rest: the portable part."""
    out, log, errs = [], [], []
    for s in tr["steps"]:
        log += s["log"]
        if "err" in s: errs.append([s["op"], s["err"]])
        if s["op"][0] == "settle":
            out.append({"log": log, "errs": errs, "obs": s["obs"]}); log, errs = [], []
    return {"steps": [{"op": ["settle"], **o} for o in out], "blocked": tr["blocked"]}

def main(argv):
    if argv[:1] == ["gen"]:
        seed, count = int(argv[1]), int(argv[2])
        profile = argv[argv.index("--profile") + 1] if "--profile" in argv else "mixed"
        for i in range(count):
            print(json.dumps(gen(seed + i, profile)))
    elif argv[:1] == ["run"]:
        mk = StdLoop if argv[1:3] == ["--loop", "std"] else MiniLoop
        for line in sys.stdin:
            if not line.strip(): continue
            loop = mk()
            tr = Runner(json.loads(line), loop).run()
            loop.close()
            print(json.dumps(tr))
    elif argv[:1] == ["diff"]:
        rows = [[json.loads(l) for l in open(f)] for f in argv[1:3]]
        n = m = 0
        kinds = collections.Counter()
        for a, b in zip(*rows):
            d = first_diff(a, b)
            if d is None: continue
            n += 1
            e = first_diff(settled(a), settled(b))
            m += e is not None
            i, key, x, y = d
            kind = "".join(sorted({k for k in a["steps"][0]["obs"]}))
            kinds[(kind, key, "settled" if e else "window-only")] += 1
            if "-v" in argv:
                print("id", a["id"], "step", i, a["steps"][i]["op"] if i < len(a["steps"]) else "", key)
                print("   A:", json.dumps(x)); print("   B:", json.dumps(y))
        print("programs %d, different anywhere %d, different at rest %d" % (len(rows[0]), n, m))
        for k, v in sorted(kinds.items()): print("  ", k, v)
    else:
        print(__doc__); return 2

if __name__ == "__main__":
    import warnings, logging
    warnings.simplefilter("ignore"); logging.disable(logging.CRITICAL)
    sys.exit(main(sys.argv[1:]))
