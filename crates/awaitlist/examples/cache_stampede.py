import asyncio

URL = "http://example.invalid/stuff"
fetches = 0

async def fetch(method, url, delay=0.02):     # stands in for aiohttp.request
    global fetches
    fetches += 1
    print(f"fetch {fetches} start {url}")
    await asyncio.sleep(delay)
    print(f"fetch done {url}")
    return f"body of {url}"

cache = {}

async def get_stuff_unlocked(url):
    if url in cache:
        return cache[url]
    stuff = await fetch("GET", url)
    cache[url] = stuff
    return stuff

stuff_lock = asyncio.Lock()

async def get_stuff_locked(url):
    async with stuff_lock:
        if url in cache:
            print("cache hit")
            return cache[url]
        stuff = await fetch("GET", url)
        cache[url] = stuff
        return stuff

async def parse_stuff(get_stuff):
    stuff = await get_stuff(URL)
    print("parse_stuff got", stuff)

async def use_stuff(get_stuff):
    stuff = await get_stuff(URL)
    print("use_stuff got", stuff)

async def do_work():
    out = await fetch("GET", "www.awebsite.com", 0.1)
    print("do_work got", out)

async def main():
    global fetches
    for name, get_stuff in (("unlocked", get_stuff_unlocked), ("locked", get_stuff_locked)):
        print(f"-- {name}")
        fetches = 0
        cache.clear()
        await asyncio.gather(parse_stuff(get_stuff), use_stuff(get_stuff), do_work())
        print(f"fetches: {fetches}")

asyncio.run(main())
