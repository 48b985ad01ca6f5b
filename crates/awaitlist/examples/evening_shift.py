import asyncio
from collections import defaultdict, deque
from contextlib import asynccontextmanager


class Kitchen:
    def __init__(self):
        self.hatch = asyncio.Condition()
        self.orders = deque()
        self.plates = {}
        self.closed = False
        self.pans = defaultdict(asyncio.Lock)

    async def order(self, guest, dish):
        async with self.hatch:
            self.orders.append((guest, dish))
            self.hatch.notify_all()
            return await self.hatch.wait_for(lambda: self.plates.pop(guest, None))

    async def cook(self, name):
        while True:
            async with self.hatch:
                await self.hatch.wait_for(lambda: self.orders or self.closed)
                if not self.orders:
                    return f"{name} goes home"
                guest, dish = self.orders.popleft()
            async with self.pans[dish]:
                print(f"{name} makes {dish} for {guest}")
                await asyncio.sleep(0.2 if dish == "soup" else 0.05)
            async with self.hatch:
                self.plates[guest] = f"the {dish} of {name}"
                self.hatch.notify_all()

    async def close(self):
        async with self.hatch:
            self.closed = True
            self.hatch.notify_all()


class Room:
    def __init__(self, tables):
        self.tables = asyncio.Semaphore(tables)

    @asynccontextmanager
    async def table(self, patience):
        async with asyncio.timeout(patience):
            await self.tables.acquire()
        try:
            yield
        finally:
            await asyncio.sleep(0.01)  # it is wiped
            self.tables.release()


async def guest(name, dish, room, kitchen, patience=10):
    try:
        async with room.table(patience):
            print(f"{name} sits down")
            plate = await asyncio.wait_for(kitchen.order(name, dish), 0.5)
            print(f"{name} eats {plate}")
    except TimeoutError:
        print(f"{name} leaves")


async def band(closing):
    for song in range(1, 100):
        print(f"song {song}")
        try:
            await asyncio.wait_for(closing.wait(), 0.16)
            return f"{song} songs"
        except TimeoutError:
            pass


async def toast(name, glasses):
    async with glasses as i:
        print(f"{name} speaks" if i == 0 else f"{name} listens")


async def main():
    kitchen, room, closing = Kitchen(), Room(2), asyncio.Event()
    staff = [asyncio.create_task(kitchen.cook(name)) for name in ("Ada", "Bob")]
    staff.append(asyncio.create_task(band(closing)))
    async with asyncio.TaskGroup() as guests:
        guests.create_task(guest("Carl", "soup", room, kitchen))
        guests.create_task(guest("Dora", "soup", room, kitchen))
        guests.create_task(guest("Emil", "cake", room, kitchen, patience=0.1))
        guests.create_task(guest("Fay", "cake", room, kitchen))
    closing.set()
    await kitchen.close()
    print(*await asyncio.gather(*staff), sep=", ")
    glasses = asyncio.Barrier(3)
    await asyncio.gather(*(toast(name, glasses) for name in ("Ada", "Bob", "the band")))


asyncio.run(main())
