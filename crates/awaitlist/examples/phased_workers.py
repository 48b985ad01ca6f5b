import asyncio

WORKERS = 3


async def phases(worker, barrier, attempt):
    for phase in ("load", "sort", "store"):
        if (worker, phase, attempt) == (1, "sort", 1):
            raise ValueError("out of memory")
        print(f"worker {worker}: {phase}")
        if await barrier.wait() == 0:
            print(f"-- all did {phase}")


async def work(worker, barrier, attempt):
    try:
        await phases(worker, barrier, attempt)
        return f"worker {worker}: done"
    except asyncio.BrokenBarrierError as error:
        return f"worker {worker}: {error}"
    except ValueError as error:
        await barrier.abort()
        return f"worker {worker}: {error}"


async def main():
    barrier = asyncio.Barrier(WORKERS)
    for attempt in (1, 2):
        print(f"attempt {attempt}")
        workers = (work(worker, barrier, attempt) for worker in range(WORKERS))
        for outcome in await asyncio.gather(*workers):
            print(outcome)
        if barrier.broken:
            print("again")
            await barrier.reset()


asyncio.run(main())
