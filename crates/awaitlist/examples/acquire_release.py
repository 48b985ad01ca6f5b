import asyncio

def state(lock):
    r = repr(lock)
    return r[r.rindex("["):-1]

async def task(lock):
    print("before", state(lock))
    await lock.acquire()
    try:
        # Access shared resource
        print("inside", state(lock))
    finally:
        lock.release()
    print("after", state(lock))

lock = asyncio.Lock()                          # made outside any loop: fine since 3.10
asyncio.run(task(lock))
