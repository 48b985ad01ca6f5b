import asyncio
from collections import deque

GRACE = 0.2


class Jobs:
    def __init__(self):
        self.changed = asyncio.Condition()
        self.waiting = deque()
        self.stopping = False

    async def put(self, *jobs):
        async with self.changed:
            self.waiting.extend(jobs)
            self.changed.notify(len(jobs))

    async def stop(self):
        async with self.changed:
            self.stopping = True
            self.changed.notify_all()

    async def next(self):
        async with self.changed:
            await self.changed.wait_for(lambda: self.waiting or self.stopping)
            return None if self.stopping else self.waiting.popleft()


async def worker(name, jobs):
    while (job := await jobs.next()) is not None:
        finished = False
        try:
            print(f"{name} begins {job[0]}")
            await asyncio.sleep(job[1])
            finished = True
        finally:
            print(f"{name} {'has done' if finished else 'leaves'} {job[0]}")
    print(f"{name} stops")


async def heartbeat(stop):
    while True:
        try:
            async with asyncio.timeout(0.1):
                await stop.wait()
        except TimeoutError:
            print("alive")
        else:
            return print("heartbeat stops")


async def main():
    jobs, stop = Jobs(), asyncio.Event()
    tasks = [
        asyncio.create_task(worker("worker 1", jobs)),
        asyncio.create_task(worker("worker 2", jobs)),
        asyncio.create_task(worker("worker 3", jobs)),
        asyncio.create_task(heartbeat(stop)),
    ]
    await jobs.put(("a short job", 0.2), ("a long job", 10))
    await asyncio.sleep(0.15)  # stands in for SIGTERM
    print("shutting down")
    stop.set()
    await jobs.stop()
    done, late = await asyncio.wait(tasks, timeout=GRACE)
    print(f"{len(done)} stopped in time, {len(late)} did not")
    for task in late:
        task.cancel()
    await asyncio.gather(*late, return_exceptions=True)
    print("down")


asyncio.run(main())
