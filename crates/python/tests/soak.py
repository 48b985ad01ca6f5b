"""Python tasks, Python threads and tasks of tokio under one lock, semaphore, event and barrier.

    soak.py [SECONDS [SEED]]

Waits are cancelled on both sides all the time: by `task.cancel()`, by timeouts of threads, and by
dropped futures. At the end nothing is held, no waiter is left, every count that the lock protects is
there, and no object is left over. Fails after three times the seconds, and a minute, if it hangs.
"""

import asyncio
import contextlib
import faulthandler
import gc
import random
import sys
import threading
import time
import weakref

import awaitlist_test_extension as extension

awaitlist = extension.awaitlist

PERMITS = 3
# What is counted: as in soak.rs.
COUNTED, INSIDE, SEEN, MET, CANCELLED = range(5)


class Under:
    """All that is shared."""

    def __init__(self):
        self.lock = awaitlist.Lock(shared=True)
        self.semaphore = awaitlist.Semaphore(PERMITS, shared=True)
        self.event = awaitlist.Event(shared=True)
        # A task of Python, a thread of Python, a task of tokio.
        self.barrier = awaitlist.Barrier(3, shared=True)
        self.rust = extension.Soak(self.lock, self.semaphore, self.event, self.barrier)


async def count(under):
    async with under.lock:
        before = under.rust.counter
        await asyncio.sleep(0)
        under.rust.counter = before + 1


async def use_permit(under):
    async with under.semaphore:
        under.rust.enter()
        await asyncio.sleep(0)
        under.rust.leave()


async def give_up(under):
    """Wait for something, and cancel the wait soon. Return whether it was cancelled."""
    primitive = random.choice([under.lock, under.semaphore, under.event, under.barrier])
    acquires = hasattr(primitive, "acquire")
    task = asyncio.create_task(primitive.acquire() if acquires else primitive.wait())
    for _ in range(random.randrange(3)):
        await asyncio.sleep(0)
    if random.random() < 0.5:
        await asyncio.sleep(random.random() / 3000)
    task.cancel()
    try:
        await task
    except asyncio.CancelledError:
        return True
    except awaitlist.BrokenBarrierError:
        return False
    if acquires:
        primitive.release()
    return False


async def work(under, done):
    while not under.rust.stopped:
        choice = random.randrange(5)
        if choice == 0:
            await count(under)
            done[COUNTED] += 1
        elif choice == 1:
            await use_permit(under)
            done[INSIDE] += 1
        elif choice == 2:
            await under.event.wait()
            done[SEEN] += 1
        else:
            done[CANCELLED] += await give_up(under)


async def meet(under, done):
    """Pass the barrier again and again, until it is aborted."""
    with contextlib.suppress(awaitlist.BrokenBarrierError):
        while True:
            assert await under.barrier.wait() in range(3)
            done[MET] += 1


async def pulse(under):
    """Set and clear the event, so that all waits for it end, and in the end set it."""
    while not under.rust.stopped:
        await asyncio.sleep(0.001)
        under.event.set()
        under.event.clear()
    under.event.set()


def block(under, done):
    """A thread of Python."""
    while not under.rust.stopped:
        choice = random.randrange(6)
        patience = random.random() / 3000
        if choice == 0:
            assert under.lock.acquire_blocking(60)
            before = under.rust.counter
            time.sleep(0)
            under.rust.counter = before + 1
            under.lock.release()
            done[COUNTED] += 1
        elif choice == 1:
            assert under.semaphore.acquire_blocking(60)
            under.rust.enter()
            time.sleep(0)
            under.rust.leave()
            under.semaphore.release()
            done[INSIDE] += 1
        elif choice == 2:
            assert under.event.wait_blocking(60)
            done[SEEN] += 1
        elif choice == 3:
            if under.lock.acquire_blocking(patience):
                under.lock.release()
            else:
                done[CANCELLED] += 1
        elif choice == 4:
            if under.semaphore.acquire_blocking(patience):
                under.semaphore.release()
            else:
                done[CANCELLED] += 1
        elif not under.event.wait_blocking(patience):
            done[CANCELLED] += 1


def meet_in_a_thread(under, done):
    with contextlib.suppress(awaitlist.BrokenBarrierError):
        while True:
            assert under.barrier.wait_blocking(60) in range(3)
            done[MET] += 1


def run_loop(under, done, seconds):
    """A thread with an event loop. With `seconds`, it ends all."""

    async def main():
        own = [asyncio.create_task(work(under, done)) for _ in range(4)]
        if seconds is None:
            await asyncio.gather(*own)
            return
        own += [asyncio.create_task(meet(under, done)), asyncio.create_task(pulse(under))]
        tokio = asyncio.ensure_future(awaited(under.rust.run(4)))
        await asyncio.sleep(seconds)
        under.rust.stop()
        await under.barrier.abort()
        await asyncio.gather(*own)
        for index, count in enumerate(await tokio):
            done[index] += count

    asyncio.run(main())


async def awaited(awaitable):
    return await awaitable


def soak(seconds):
    """Run all of it, and return weak references to the primitives and what was done."""
    under = Under()
    dones = [[0] * 5 for _ in range(5)]
    targets = [
        (run_loop, dones[0], seconds),
        (run_loop, dones[1], None),
        (block, dones[2]),
        (block, dones[3]),
        (meet_in_a_thread, dones[4]),
    ]
    failed = []

    def guarded(function, *arguments):
        try:
            function(*arguments)
        except BaseException as error:
            failed.append(error)
            raise

    threads = [
        threading.Thread(target=guarded, args=(function, under, *arguments))
        for function, *arguments in targets
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert not failed, failed
    done = [sum(each) for each in zip(*dones)]
    assert under.rust.counter == done[COUNTED], (under.rust.counter, done)
    assert 1 <= under.rust.most <= PERMITS, under.rust.most
    assert under.semaphore._value == PERMITS, under.semaphore
    assert not under.lock.locked() and under.event.is_set()
    for primitive in (under.lock, under.semaphore, under.event):
        assert len(primitive._waiters) == 0, primitive
    assert under.barrier.broken and under.barrier._count == 0, under.barrier
    assert all(done), done
    names = ("lock", "semaphore", "event", "barrier")
    return [weakref.ref(getattr(under, name)) for name in names], done


def objects():
    gc.collect()
    return len(gc.get_objects())


def main():
    seconds = float(sys.argv[1]) if len(sys.argv) > 1 else 60
    seed = int(sys.argv[2]) if len(sys.argv) > 2 else random.randrange(10**9)
    random.seed(seed)
    faulthandler.dump_traceback_later(3 * seconds + 60, exit=True)
    # The first run fills caches.
    soak(min(seconds, 0.3))
    before = objects()
    left, done = soak(seconds)
    more = objects() - before
    assert all(reference() is None for reference in left), left
    waits = [each for each in gc.get_objects() if type(each).__name__ == "Wait"]
    assert not waits, waits
    assert more < 200, f"{more} objects are left over"
    counted, inside, seen, met, cancelled = done
    print(
        f"{seconds:.0f} s, seed {seed}: {counted} times the lock, {inside} the semaphore, "
        f"{seen} the event, {met} the barrier; {cancelled} waits cancelled; nothing is lost"
    )


if __name__ == "__main__":
    main()
