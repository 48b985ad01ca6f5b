"""Step 1: all in Python."""

import asyncio

import pages


class Index:
    def __init__(self):
        self.lock = asyncio.Lock()
        self.counts = {}

    async def add(self, page):
        """Count the words of a page. This is the hot part."""
        async with self.lock:
            for number, word in enumerate(page.split()):
                self.counts[word] = self.counts.get(word, 0) + 1
                if number % 1_000 == 0:
                    await asyncio.sleep(0)  # The loop has other tasks, too.

    async def total(self):
        """Return how many words there are: those of whole pages, thanks to the lock."""
        async with self.lock:
            return sum(self.counts.values())


async def worker(numbers, connections, index, first):
    for number in numbers:
        async with connections:
            page = await pages.fetch(number)
        await index.add(page)
        first.set()


async def audit(index, first):
    await first.wait()
    total = 0
    while total < pages.PAGES * pages.LENGTH:
        total = await index.total()
        assert total % pages.LENGTH == 0, "half a page was counted"
        await asyncio.sleep(0)
    return total


async def main():
    index, connections, first = Index(), asyncio.Semaphore(3), asyncio.Event()
    numbers = iter(range(pages.PAGES))
    workers = [worker(numbers, connections, index, first) for _ in range(8)]
    total, *_ = await asyncio.gather(audit(index, first), *workers)
    print(f"{total} words, always those of whole pages")
    for word, count in sorted(index.counts.items(), key=lambda item: (-item[1], item[0]))[:5]:
        print(f"{word} {count}")


if __name__ == "__main__":
    asyncio.run(main())
