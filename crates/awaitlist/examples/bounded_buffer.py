import asyncio
from collections import deque


class Buffer:
    def __init__(self, size):
        self.size = size
        self.items = deque()
        self.closed = False
        lock = asyncio.Lock()
        self.not_empty = asyncio.Condition(lock)
        self.not_full = asyncio.Condition(lock)

    async def put(self, item):
        async with self.not_full:
            await self.not_full.wait_for(lambda: len(self.items) < self.size)
            self.items.append(item)
            self.not_empty.notify()

    async def get(self):
        async with self.not_empty:
            await self.not_empty.wait_for(lambda: self.items or self.closed)
            if not self.items:
                return None
            self.not_full.notify()
            return self.items.popleft()

    async def close(self):
        async with self.not_empty:
            self.closed = True
            self.not_empty.notify_all()


async def producer(buffer, name):
    for i in range(3):
        await buffer.put(f"{name}{i}")
        print(f"{name} put {name}{i}")


async def consumer(buffer, name):
    while (item := await buffer.get()) is not None:
        print(f"{name} got {item}")
        await asyncio.sleep(0.01)
    print(f"{name} has nothing left to do")


async def main():
    buffer = Buffer(2)
    async with asyncio.TaskGroup() as consumers:
        for name in ("first", "second"):
            consumers.create_task(consumer(buffer, name))
        async with asyncio.TaskGroup() as producers:
            for name in ("a", "b"):
                producers.create_task(producer(buffer, name))
        print("closing")
        await buffer.close()


asyncio.run(main())
