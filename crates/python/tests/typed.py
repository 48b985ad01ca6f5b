"""A program that uses every method: type checkers accept it, and it runs."""

import asyncio
import threading

import awaitlist


async def main() -> list[int]:
    lock = awaitlist.Lock(shared=True)
    async with lock:
        held: bool = lock.locked()
    assert held and await lock.acquire()
    lock.release()

    event = awaitlist.Event(shared=True)
    thread = threading.Thread(target=event.wait_blocking, args=(10.0,))
    thread.start()
    event.set()
    thread.join()
    assert await event.wait() and event.is_set()
    event.clear()

    condition = awaitlist.Condition(lock)
    async with condition:
        found: str = await condition.wait_for(lambda: "found")
        condition.notify()
        condition.notify_all()
    assert found == "found"

    semaphore: awaitlist.Semaphore = awaitlist.BoundedSemaphore(2)
    async with semaphore:
        assert not semaphore.locked()

    barrier = awaitlist.Barrier(2)
    indices = await asyncio.gather(barrier.wait(), barrier.wait())
    assert (barrier.parties, barrier.n_waiting, barrier.broken) == (2, 0, False)
    return sorted(indices)


if __name__ == "__main__":
    assert asyncio.run(main()) == [0, 1]
