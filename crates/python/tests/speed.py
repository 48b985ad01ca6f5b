"""Times awaitlist's classes against asyncio's (and aiologic's, if it is installed), interleaved.

Prints nanoseconds of processor time (the median of the rounds), and the ratio to asyncio's.
"""

import asyncio
import statistics
import sys
import time

import awaitlist

try:
    import aiologic
except ImportError:
    aiologic = None


async def acquire_release(lock, n):
    for _ in range(n):
        await lock.acquire()
        lock.release()


async def async_with(lock, n):
    for _ in range(n):
        async with lock:
            pass


async def contended(lock, n):
    async def one():
        for _ in range(n // 10):
            async with lock:
                await asyncio.sleep(0)

    await asyncio.gather(*(one() for _ in range(10)))


async def contended_acquire(lock, n):
    async def one():
        for _ in range(n // 10):
            await lock.acquire()
            await asyncio.sleep(0)
            lock.release()

    await asyncio.gather(*(one() for _ in range(10)))


async def event_set(event, n):
    event.set()
    for _ in range(n):
        await event.wait()


async def event_ten(event, n):
    for _ in range(n // 10):
        waits = [asyncio.create_task(wait(event)) for _ in range(10)]
        await asyncio.sleep(0)
        event.set()
        await asyncio.gather(*waits)
        getattr(event, "clear", lambda: None)()


async def wait(event):
    await event.wait()


def aio(name):
    return getattr(aiologic, name, None) and (lambda: asynced(getattr(aiologic, name)))


def asynced(cls):
    """aiologic's objects have asynchronous methods with a prefix."""

    class Renamed(cls):
        acquire = getattr(cls, "async_acquire", None)
        release = getattr(cls, "async_release", getattr(cls, "release", None))

        def wait(self):
            return self

    return Renamed()


def one_event():
    return aiologic.REvent() if hasattr(aiologic, "REvent") else aiologic.Event()


class AiologicEvent:
    def __init__(self):
        self.event = one_event()
        self.set = self.event.set
        self.clear = self.event.clear

    def wait(self):
        return self.event


CASES = [
    ("Lock, acquire and release", acquire_release, "Lock", 20000),
    ("Lock, async with", async_with, "Lock", 20000),
    ("Semaphore, acquire and release", acquire_release, "Semaphore", 20000),
    ("Event, wait for a set one", event_set, "Event", 20000),
    ("Lock, 10 tasks, async with", contended, "Lock", 3000),
    ("Lock, 10 tasks, acquire and release", contended_acquire, "Lock", 3000),
    ("Semaphore, 10 tasks, async with", contended, "Semaphore", 3000),
    ("Event, 10 tasks", event_ten, "Event", 3000),
]


def makers(name):
    yield "asyncio", getattr(asyncio, name)
    yield "awaitlist", getattr(awaitlist, name)
    yield "shared", lambda: getattr(awaitlist, name)(shared=True)
    if aiologic:
        yield "aiologic", AiologicEvent if name == "Event" else lambda: asynced(getattr(aiologic, name))


def main():
    rounds = int(sys.argv[1]) if len(sys.argv) > 1 else 15
    with asyncio.Runner() as runner:
        for title, bench, name, n in CASES:
            times = {}
            for _ in range(rounds):
                for maker, make in makers(name):
                    primitive = make()
                    start = time.process_time_ns()
                    runner.run(bench(primitive, n))
                    took = time.process_time_ns() - start
                    times.setdefault(maker, []).append(took / n)
            base = statistics.median(times["asyncio"])
            row = ", ".join(
                f"{maker} {statistics.median(own):.0f} ({statistics.median(own) / base:.2f})"
                for maker, own in times.items()
            )
            print(f"{title}: {row}")


if __name__ == "__main__":
    main()
