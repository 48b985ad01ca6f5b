"""The part of awaitlist that is written in Python: coroutines, and what they are called with.

The extension runs this file once, and adds what each class defines to the class of the same name
in Rust. A coroutine function of Python is the fastest way into an acquire that need not wait, and
what `inspect.iscoroutinefunction` and `asyncio.create_task` expect.
"""

import asyncio
import asyncio.locks as _locks
import sys
from asyncio.events import _get_running_loop
from asyncio.tasks import current_task

# asyncio's own classes, for the errors of wrong arguments and for `uninstall`. Python 3.10 has no
# Barrier.
_asyncio = {
    name: getattr(_locks, name)
    for name in ("Lock", "Event", "Condition", "Semaphore", "BoundedSemaphore", "Barrier")
    if hasattr(_locks, name)
}

try:
    from asyncio import BrokenBarrierError
except ImportError:

    class BrokenBarrierError(RuntimeError):
        """Barrier is broken by barrier.abort() call."""

        __module__ = "awaitlist"


class _Nowhere:
    """What a future needs of a loop that it never calls."""

    def get_debug(self):
        return False

    def call_exception_handler(self, context):
        pass


# What a task gets when it is woken: a future that is done. It serves all tasks.
_done = asyncio.Future(loop=_Nowhere())
_done.set_result(None)


def _resume(loop, callback, context, same_thread):
    """Lets `loop` call `callback` in its next turn."""
    running = _get_running_loop()
    if running is loop or (running is None and same_thread):
        loop.call_soon(callback, _done, context=context)
    else:
        loop.call_soon_threadsafe(callback, _done, context=context)


# For the diagnostics. Other implementations of Python may not have it.
_getframe = getattr(sys, "_getframe", None)


def _current_task():
    """Return the task that runs on this thread, for the diagnostics."""
    loop = _get_running_loop()
    return None if loop is None else current_task(loop)


def _stack(task):
    """Return the places at which a task is suspended, the innermost last."""
    places = []
    coroutine = task.get_coro()
    while getattr(coroutine, "cr_frame", None) is not None:
        frame = coroutine.cr_frame
        places.append(f"{frame.f_code.co_filename}:{frame.f_lineno} in {coroutine.__qualname__}")
        coroutine = coroutine.cr_await
    return places


class Lock:
    """A mutual exclusion lock: `asyncio.Lock`.

    With `shared=True` it works across event loops and threads.
    """

    def __init__(self, *, shared=False):
        self._init(shared)

    def __repr__(self):
        return f"<{object.__repr__(self)[1:-1]} [{self._brackets()}]>"

    async def acquire(self):
        """Acquire the lock, and return True.

        Tasks that wait are let in in the order in which they came.
        """
        wait = self._acquire()
        if wait is not None:
            await wait
        return True

    async def __aenter__(self):
        wait = self._acquire()
        if wait is not None:
            await wait

    async def __aexit__(self, exc_type, exc, tb):
        self.release()


class Event:
    """A flag that tasks can wait for: `asyncio.Event`.

    With `shared=True` it works across event loops and threads.
    """

    def __init__(self, *, shared=False):
        self._init(shared)

    __repr__ = Lock.__repr__

    async def wait(self):
        """Wait until the flag is set, and return True."""
        wait = self._wait()
        if wait is not None:
            await wait
        return True


class Condition:
    """A condition variable: `asyncio.Condition`.

    `lock` is an awaitlist.Lock. A condition with a lock of its own can be `shared`; with another
    one, it is shared if that is.
    """

    def __init__(self, lock=None, *, shared=False):
        if lock is None:
            lock = Lock(shared=shared)
        else:
            lock.locked, lock.acquire, lock.release  # asyncio's error
        self._init(lock)

    __repr__ = Lock.__repr__
    __aenter__ = Lock.__aenter__
    __aexit__ = Lock.__aexit__
    acquire = Lock.acquire

    async def wait(self):
        """Wait until notified, with the lock released meanwhile, and return True.

        It can return without a notification meant for it, so check the state again.
        """
        wait = self._wait()
        try:
            await wait
        except GeneratorExit:
            # As asyncio's, a coroutine that is closed does not leave without the lock.
            while True:
                try:
                    await wait
                    break
                except GeneratorExit:
                    pass
            raise
        return True

    async def wait_for(self, predicate):
        """Wait until `predicate()` is true, and return its value."""
        result = predicate()
        while not result:
            await self.wait()
            result = predicate()
        return result

    def notify_all(self):
        """Wake all tasks that wait."""
        self.notify(len(self._waiters))


class Semaphore:
    """A counter of permits: `asyncio.Semaphore`.

    With `shared=True` it works across event loops and threads.
    """

    def __init__(self, value=1, *, shared=False):
        if value < 0:
            raise ValueError("Semaphore initial value must be >= 0")
        self._init(value, shared)

    __repr__ = Lock.__repr__
    __aenter__ = Lock.__aenter__
    __aexit__ = Lock.__aexit__

    async def acquire(self):
        """Acquire a permit, and return True.

        Tasks that wait are let in in the order in which they came.
        """
        wait = self._acquire()
        if wait is not None:
            await wait
        return True


class BoundedSemaphore:
    """A semaphore whose value never exceeds the first one: `asyncio.BoundedSemaphore`."""

    def __init__(self, value=1, *, shared=False):
        if value < 0:
            raise ValueError("Semaphore initial value must be >= 0")
        self._init_bounded(value, shared)


class Barrier:
    """A point that `parties` tasks reach together: `asyncio.Barrier`.

    With `shared=True` it works across event loops and threads.
    """

    def __init__(self, parties, *, shared=False):
        if parties < 1:
            if "Barrier" in _asyncio:
                _asyncio["Barrier"](parties)  # raises: the text depends on Python's version
            raise ValueError("parties must be >= 1")
        self._init(parties, shared)

    __repr__ = Lock.__repr__

    async def __aenter__(self):
        return await self._wait()

    async def __aexit__(self, *args):
        pass

    async def wait(self):
        """Wait until all parties have arrived. Return an index from 0 to `parties` - 1."""
        return await self._wait()

    async def reset(self):
        """Make all tasks that wait fail, and begin anew."""
        self._reset()

    async def abort(self):
        """Break the barrier: all tasks that wait, or will, fail."""
        self._abort()


def install():
    """Put the classes of awaitlist in asyncio's place, for the whole program.

    Call it before other modules import names from asyncio.
    """
    for name in _asyncio:
        setattr(asyncio, name, globals()[name])
        setattr(_locks, name, globals()[name])


def uninstall():
    """Put asyncio's own classes back."""
    for name, own in _asyncio.items():
        setattr(asyncio, name, own)
        setattr(_locks, name, own)
