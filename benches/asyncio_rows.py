"""The rows of one thread, on asyncio: run by the report, which reads a line `row size nanoseconds` for each.

A waiter is a task, as it is wherever asyncio is used. Tasks are made off the clock; what counts is what the event loop
does from the moment at which they begin to wait until all are done.
"""

import asyncio
import gc
import random
import statistics
import sys
from time import perf_counter_ns as clock

SECONDS = float(sys.argv[1])
MOST = int(sys.argv[2])
WANTED = set(sys.argv[3].split(","))
GROWTH = [n for n in (10, 100, 1_000, 10_000, 100_000) if n <= MOST]
# A waiter that is cancelled is looked for from the front of the queue.
CANCEL = [n for n in GROWTH if n <= 10_000]


class Crowd:
    """Tasks that have not begun, and a future that is done when all of them are."""

    def __init__(self, coroutines):
        self.done = asyncio.get_running_loop().create_future()
        self.left = 0
        self.tasks = [asyncio.create_task(self.run(each)) for each in coroutines]
        self.left = len(self.tasks)

    async def run(self, coroutine):
        try:
            await coroutine
        finally:
            self.left -= 1
            if not self.left:
                self.done.set_result(None)


async def use(lock):
    async with lock:
        pass


async def uncontended(lock, n):
    begin = clock()
    for _ in range(n):
        await lock.acquire()
        lock.release()
    return clock() - begin


async def hand_over(lock, n):
    await lock.acquire()
    crowd = Crowd(use(lock) for _ in range(n))
    begin = clock()
    await asyncio.sleep(0)
    lock.release()
    await crowd.done
    return clock() - begin


async def contended(lock, n):
    async def turns():
        for _ in range(20):
            async with lock:
                await asyncio.sleep(0)

    crowd = Crowd(turns() for _ in range(n))
    begin = clock()
    await crowd.done
    return (clock() - begin) / 20


async def cancel(waits, n):
    crowd = Crowd(waits() for _ in range(n))
    await asyncio.sleep(0)
    random.Random(1).shuffle(crowd.tasks)
    begin = clock()
    for task in crowd.tasks:
        task.cancel()
    await crowd.done
    return clock() - begin


async def lock_cancel(lock, n):
    await lock.acquire()
    return await cancel(lambda: use(lock), n)


async def pool(n):
    workers = asyncio.Semaphore(8)

    async def job():
        async with workers:
            for _ in range(3):
                await asyncio.sleep(0)

    begin = clock()
    crowd = Crowd(job() for _ in range(n))
    await crowd.done
    return clock() - begin


async def event_when_set(n):
    event = asyncio.Event()
    event.set()
    begin = clock()
    for _ in range(n):
        await event.wait()
    return clock() - begin


async def event_broadcast(n):
    event = asyncio.Event()
    crowd = Crowd(event.wait() for _ in range(n))
    begin = clock()
    await asyncio.sleep(0)
    event.set()
    await crowd.done
    return clock() - begin


async def condition_nobody(n):
    async with (condition := asyncio.Condition()):
        begin = clock()
        for _ in range(n):
            condition.notify()
        return clock() - begin


async def condition_wait(condition):
    async with condition:
        await condition.wait()


async def condition_broadcast(n):
    condition = asyncio.Condition()
    crowd = Crowd(condition_wait(condition) for _ in range(n))
    begin = clock()
    await asyncio.sleep(0)
    async with condition:
        condition.notify_all()
    await crowd.done
    return clock() - begin


async def buffer(pairs):
    lock = asyncio.Lock()
    not_empty, not_full = asyncio.Condition(lock), asyncio.Condition(lock)
    items, each = [], 250

    async def produce():
        for item in range(each):
            async with lock:
                await not_full.wait_for(lambda: len(items) < 16)
                items.append(item)
                not_empty.notify()

    async def consume():
        for _ in range(each):
            async with lock:
                await not_empty.wait_for(lambda: items)
                items.pop(0)
                not_full.notify()

    crowd = Crowd(side() for _ in range(pairs) for side in (produce, consume))
    begin = clock()
    await crowd.done
    return (clock() - begin) / each


async def barrier(n):
    barrier = asyncio.Barrier(n)
    crowd = Crowd(barrier.wait() for _ in range(n))
    begin = clock()
    await crowd.done
    return clock() - begin


ROWS = {
    "lock/uncontended": (lambda n: uncontended(asyncio.Lock(), n), None),
    "lock/hand-over": (lambda n: hand_over(asyncio.Lock(), n), GROWTH),
    "lock/contended-1": (lambda n: contended(asyncio.Lock(), n), [64]),
    "lock/cancel": (lambda n: lock_cancel(asyncio.Lock(), n), CANCEL),
    "semaphore/uncontended": (lambda n: uncontended(asyncio.Semaphore(8), n), None),
    "semaphore/hand-over": (lambda n: hand_over(asyncio.Semaphore(1), n), GROWTH),
    "semaphore/contended-1": (lambda n: contended(asyncio.Semaphore(1), n), [64]),
    "semaphore/cancel": (lambda n: lock_cancel(asyncio.Semaphore(1), n), [1_000]),
    "semaphore/pool-1": (pool, [1_000]),
    "event/when-set": (event_when_set, None),
    "event/broadcast": (event_broadcast, [1, *GROWTH]),
    "event/cancel": (lambda n: cancel(asyncio.Event().wait, n), [1_000]),
    "condition/nobody": (condition_nobody, None),
    "condition/broadcast": (condition_broadcast, [1, *GROWTH]),
    "condition/buffer-1": (buffer, [4]),
    "barrier/pair": (barrier, [2]),
    "barrier/crowd": (barrier, [n for n in (64, 10_000) if n <= MOST]),
}


def measure(row, n, units):
    """The median of as many samples as there is time for."""
    samples = []
    begin = clock()
    while not samples or clock() - begin < SECONDS * 1e9:
        samples.append(asyncio.run(row(n)) / units)
    return statistics.median(samples)


def main():
    print("python", sys.version.split()[0])
    # A pause of the collector would be somebody's sample.
    gc.disable()
    for name, (row, sizes) in ROWS.items():
        if name not in WANTED:
            continue
        for n in sizes or [1]:
            # A row of one operation is done so often that the clock does not count.
            times = n if sizes else 10_000
            print(name, n, measure(row, times, times), flush=True)
            gc.collect()


main()
