import asyncio

BURST = 3


class Bucket:
    def __init__(self):
        self.tokens = asyncio.BoundedSemaphore(BURST)

    async def take(self):
        await self.tokens.acquire()  # the request does not release it, but:

    async def refill(self, period):
        tick = 0
        while True:
            await asyncio.sleep(period)
            tick += 1
            try:
                self.tokens.release()
                print(f"tick {tick}")
            except ValueError:
                print(f"tick {tick}: the bucket is full")


async def request(bucket, number):
    await bucket.take()
    print(f"request {number}")


async def main():
    bucket = Bucket()
    refill = asyncio.create_task(bucket.refill(0.05))
    await asyncio.gather(*(request(bucket, number) for number in range(5)))
    print("a pause")
    await asyncio.sleep(0.225)
    await asyncio.gather(*(request(bucket, number) for number in range(5, 9)))
    refill.cancel()


asyncio.run(main())
