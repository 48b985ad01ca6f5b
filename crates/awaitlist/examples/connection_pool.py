import asyncio
from contextlib import asynccontextmanager


class Pool:
    def __init__(self, size):
        self.free = asyncio.BoundedSemaphore(size)
        self.idle = [f"connection {i}" for i in range(size)]

    @asynccontextmanager
    async def connection(self):
        async with self.free:
            connection = self.idle.pop()
            try:
                yield connection
            finally:
                self.idle.append(connection)


async def query(pool, name, seconds, patience=1.0):
    try:
        async with asyncio.timeout(patience):
            async with pool.connection() as connection:
                print(f"{name} has {connection}")
                await asyncio.sleep(seconds)
                if name == "bad":
                    raise ValueError("no such table")
                print(f"{name} is done")
    except TimeoutError:
        print(f"{name} gave up")
    except ValueError as error:
        print(f"{name} failed: {error}")


async def main():
    pool = Pool(2)
    await asyncio.gather(
        query(pool, "slow", 0.20),
        query(pool, "bad", 0.05),
        query(pool, "hasty", 0.01, patience=0.02),
        query(pool, "quick", 0.05),
    )
    print(f"idle: {len(pool.idle)}, locked: {str(pool.free.locked()).lower()}")


asyncio.run(main())
