"""Random programs for oracle.py. Its first lines say what a program is.

Profiles:
  none    no task is cancelled
  drop    every cancel comes when all tasks are suspended, or one operation later, and all tasks
          run until they are suspended again before anything else happens
  raw     tasks are cancelled anywhere: repeatedly, with messages, before they begin, in the turn
          in which they were notified
"""
import random

KINDS = ["lock", "event", "condition", "semaphore", "bounded", "barrier"]


def generate(seed, profile):
    """The program of that number."""
    return Generator(seed, profile).program()


class Generator:
    def __init__(self, seed, profile):
        self.random = random.Random(seed)
        self.seed, self.profile = seed, profile
        self.prims, self.tasks = {}, []

    def program(self):
        kind = self.random.choice([*KINDS, "mix", "shared"])
        if kind == "mix":
            for one in self.random.sample(KINDS, 2):
                self.add(one)
        elif kind == "shared":  # One lock, and two conditions on it.
            self.add("lock")
            for name in ("C", "C2"):
                self.prims[name] = {"kind": "condition", "lock": "L"}
        else:
            self.add(kind)
        ops = []
        for _ in range(self.random.randint(6, 36 if self.profile == "raw" else 24)):
            ops += self.next_ops()
        ops.append(["settle"])
        return {"id": self.seed, "profile": self.profile, "prims": self.prims, "ops": ops}

    def add(self, kind):
        number = self.random.randint
        name, spec = {
            "lock": lambda: ("L", {}),
            "event": lambda: ("E", {}),
            "condition": lambda: ("C", {}),
            "semaphore": lambda: ("S", {"value": number(0, 3)}),
            "bounded": lambda: ("D", {"value": number(1, 3)}),
            "barrier": lambda: ("R", {"parties": number(1, 4)}),
        }[kind]()
        self.prims[name] = {"kind": kind, **spec}

    def next_ops(self):
        chance = self.random.random()
        if chance < .42:
            return [self.spawn()]
        if chance < .68:
            return self.call()
        if chance < .80:
            if self.profile == "none":
                return [["tick"] if chance < .74 else ["settle"]]
            if self.profile == "raw":
                called = self.call() if self.random.random() < .4 else []
                return called + self.cancel()
            called = self.call() if self.random.random() < .6 else []
            cancelled = self.cancel()
            return [["settle"], *called, *(cancelled + [["settle"]] if cancelled else [])]
        return [["settle"] if chance < .90 else ["tick"]]

    def spawn(self):
        name = "t%d" % (len(self.tasks) + 1)
        self.tasks.append(name)
        prim = self.random.choice(list(self.prims))
        return ["spawn", name, *self.job(prim, self.prims[prim]["kind"])]

    def job(self, prim, kind):
        chance = self.random.random()
        if kind == "event":
            return ["wait", prim]
        if kind == "barrier":
            what = "wait" if chance < .84 else "reset" if chance < .93 else "abort"
            return ["bar_" + what, prim]
        if kind == "condition":
            if chance < .45:
                return [self.or_drop("cond_wait"), prim]
            if chance < .55:
                return ["cond_hold", prim]
            if chance < .75:
                return [self.or_drop("cond_for"), prim, "f"]
            return ["acquire", prim] if chance < .9 else ["with", prim, 1]
        if chance < .65:
            return ["acquire", prim]
        return ["with", prim, self.random.randint(0, 3)]

    def or_drop(self, job):
        """A third of the waits for a condition end without the lock when they are cancelled."""
        if self.profile == "none" or self.random.random() < .67:
            return job
        return job + "_drop"

    def call(self):
        choose = self.random.choice
        prim = choose(list(self.prims))
        kind = self.prims[prim]["kind"]
        if kind == "barrier":
            return []
        if kind == "event":
            return [[choose(["set", "set", "clear"]), prim]]
        if kind == "condition":
            return [choose([
                ["release", prim], ["release", prim],
                ["notify", prim, self.random.randint(0, 3)], ["notify", prim, 1],
                ["notify_all", prim], ["flag", "f", self.random.randint(0, 2)]])]
        return [["release", prim]]

    def cancel(self):
        if not self.tasks:
            return []
        op = ["cancel", self.random.choice(self.tasks[-6:])]
        if self.profile == "raw" and self.random.random() < .3:
            op.append("m%d" % self.random.randint(0, 9))
        return [op]
