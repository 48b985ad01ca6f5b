"""The pages of the example, and what stands for the network."""

import asyncio

PAGES = 40
LENGTH = 4_000
WORDS = (
    "async await barrier condition event future guard lock loop mutex notify permit queue release "
    "semaphore signal task thread waiter waker"
).split()


def text(number):
    """Page `number`: always the same words."""
    state = number
    words = []
    for _ in range(LENGTH):
        state = (state * 1_664_525 + 1_013_904_223) % 2**32
        words.append(WORDS[(state >> 16) * len(WORDS) >> 16])
    return " ".join(words)


async def fetch(number):
    """Download page `number`, which takes a moment."""
    await asyncio.sleep(0.001)
    return text(number)
