import asyncio
import functools

async def phase(i):
    print('in phase {}'.format(i))
    await asyncio.sleep(0.5 - (0.1 * i))
    print('done with phase {}'.format(i))
    return 'phase {} result'.format(i)

async def main_phases(num_phases):
    print('starting main')
    phases = [asyncio.create_task(phase(i)) for i in range(num_phases)]
    print('waiting for phases to complete')
    results = []
    for next_to_complete in asyncio.as_completed(phases):
        answer = await next_to_complete
        print('received answer {!r}'.format(answer))
        results.append(answer)
    print('results: {!r}'.format(results))
    return results

def unlock(lock):
    print('callback releasing lock')
    lock.release()

async def lock1(lock):
    print('coro1 waiting for the lock')
    async with lock:
        print('coro1 acquired lock')
    print('coro1 released lock')

async def lock2(lock):
    print('coro2 waiting for the lock')
    await lock.acquire()
    try:
        print('coro2 acquired lock')
    finally:
        print('coro2 released lock')
        lock.release()

async def main_lock():
    loop = asyncio.get_running_loop()
    lock = asyncio.Lock()
    print('acquiring the lock before starting coroutines')
    await lock.acquire()
    print('lock acquired: {}'.format(lock.locked()))
    loop.call_later(0.1, functools.partial(unlock, lock))
    print('waiting for coroutines')
    await asyncio.wait([asyncio.create_task(lock1(lock)), asyncio.create_task(lock2(lock))])

def set_event(event):
    print('setting event in callback')
    event.set()

async def event1(event):
    print('coro1 waiting for event')
    await event.wait()
    print('coro1 triggered')

async def event2(event):
    print('coro2 waiting for event')
    await event.wait()
    print('coro2 triggered')

async def main_event():
    loop = asyncio.get_running_loop()
    event = asyncio.Event()
    print('event start state: {}'.format(event.is_set()))
    loop.call_later(0.1, functools.partial(set_event, event))
    await asyncio.wait([asyncio.create_task(event1(event)), asyncio.create_task(event2(event))])
    print('event end state: {}'.format(event.is_set()))

for heading, main in (("phases", main_phases(3)), ("lock", main_lock()), ("event", main_event())):
    print(f"-- {heading}")
    asyncio.run(main)
