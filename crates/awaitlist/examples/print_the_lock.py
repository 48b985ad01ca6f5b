import asyncio
import time

async def myWorker(lock, blocking):
    async with lock:
        print(lock)
        print("myWorker has attained lock, modifying variable")
        if blocking:
            time.sleep(0.2)
        else:
            await asyncio.sleep(0.2)
    print(lock)
    print("myWorker has release the lock")

async def main(blocking):
    lock = asyncio.Lock()
    await asyncio.wait([asyncio.create_task(myWorker(lock, blocking)),
                        asyncio.create_task(myWorker(lock, blocking))])

print("-- time.sleep")
asyncio.run(main(True))
print("-- asyncio.sleep")
asyncio.run(main(False))
