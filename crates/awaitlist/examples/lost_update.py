import asyncio

shared_counter = 0
lock = asyncio.Lock()

async def increment_unlocked(label):
    global shared_counter
    current_value = shared_counter
    await asyncio.sleep(0)
    shared_counter = current_value + 1
    print(f"{label}: counter = {shared_counter}")

async def increment_locked(label):
    global shared_counter
    async with lock:
        current_value = shared_counter
        await asyncio.sleep(0)
        shared_counter = current_value + 1
        print(f"{label}: counter = {shared_counter}")

async def part(increment):
    global shared_counter
    shared_counter = 0
    await asyncio.gather(increment("task_A"), increment("task_B"), increment("task_C"))
    print(f"Final counter: {shared_counter}")

cache = {}
cache_lock = asyncio.Lock()

async def get(post_id):                       # stands in for httpx
    print(f"GET /posts/{post_id}")
    await asyncio.sleep(0.01)
    return {"title": f"title {post_id}"}

async def fetch_post_cached(post_id):
    async with cache_lock:
        if post_id in cache:
            print(f"Cache hit for post {post_id}")
            return cache[post_id]
    response = await get(post_id)
    title = response["title"]
    async with cache_lock:
        cache[post_id] = title
    return title

async def main():
    print("-- without a lock")
    await part(increment_unlocked)
    print("-- with a lock")
    await part(increment_locked)
    print("-- cache")
    results = await asyncio.gather(fetch_post_cached(1), fetch_post_cached(1), fetch_post_cached(2))
    for result in results:
        print(result)
    print(await fetch_post_cached(1))         # added: only a later call hits

asyncio.run(main())
