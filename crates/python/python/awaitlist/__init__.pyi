import sys
from collections.abc import Callable
from types import TracebackType
from typing import Literal, TypeVar

if sys.version_info >= (3, 11):
    from asyncio import BrokenBarrierError as BrokenBarrierError
else:
    class BrokenBarrierError(RuntimeError): ...

from . import diagnostics as diagnostics

__all__ = [
    "Lock",
    "Event",
    "Condition",
    "Semaphore",
    "BoundedSemaphore",
    "Barrier",
    "install",
    "uninstall",
    "BrokenBarrierError",
]

_T = TypeVar("_T")

class _ContextManager:
    async def __aenter__(self) -> None: ...
    async def __aexit__(
        self,
        exc_type: type[BaseException] | None,
        exc: BaseException | None,
        tb: TracebackType | None,
    ) -> None: ...

class Lock(_ContextManager):
    """A mutual exclusion lock: `asyncio.Lock`."""

    def __init__(self, *, shared: bool = False) -> None: ...
    def locked(self) -> bool:
        """Return True if the lock is acquired."""

    async def acquire(self) -> Literal[True]:
        """Acquire the lock, and return True."""

    def release(self) -> None:
        """Release the lock. The first task that waits is the next to have it."""

    def acquire_blocking(self, timeout: float | None = None) -> bool:
        """Acquire the lock on a thread without an event loop. Return False after `timeout`."""

class Event:
    """A flag that tasks can wait for: `asyncio.Event`."""

    def __init__(self, *, shared: bool = False) -> None: ...
    def is_set(self) -> bool:
        """Return True if the flag is set."""

    def set(self) -> None:
        """Set the flag, and wake all tasks that wait."""

    def clear(self) -> None:
        """Clear the flag."""

    async def wait(self) -> Literal[True]:
        """Wait until the flag is set, and return True."""

    def wait_blocking(self, timeout: float | None = None) -> bool:
        """Wait on a thread without an event loop. Return False after `timeout` seconds."""

class Condition(_ContextManager):
    """A condition variable: `asyncio.Condition`."""

    def __init__(self, lock: Lock | None = None, *, shared: bool = False) -> None: ...
    def locked(self) -> bool:
        """Return True if the lock is acquired."""

    async def acquire(self) -> Literal[True]:
        """Acquire the lock, and return True."""

    def release(self) -> None:
        """Release the lock."""

    async def wait(self) -> Literal[True]:
        """Wait until notified, with the lock released meanwhile, and return True."""

    async def wait_for(self, predicate: Callable[[], _T]) -> _T:
        """Wait until `predicate()` is true, and return its value."""

    def notify(self, n: int = 1) -> None:
        """Wake the first `n` tasks that wait."""

    def notify_all(self) -> None:
        """Wake all tasks that wait."""

    def acquire_blocking(self, timeout: float | None = None) -> bool:
        """Acquire the lock on a thread without an event loop. Return False after `timeout`."""

    def wait_blocking(self, timeout: float | None = None) -> bool:
        """Wait on a thread without an event loop. Return False after `timeout` seconds."""

class Semaphore(_ContextManager):
    """A counter of permits: `asyncio.Semaphore`."""

    def __init__(self, value: int = 1, *, shared: bool = False) -> None: ...
    def locked(self) -> bool:
        """Return True if a permit cannot be acquired at once."""

    async def acquire(self) -> Literal[True]:
        """Acquire a permit, and return True."""

    def release(self) -> None:
        """Release a permit. It goes to the first task that waits."""

    def acquire_blocking(self, timeout: float | None = None) -> bool:
        """Acquire a permit on a thread without an event loop. Return False after `timeout`."""

class BoundedSemaphore(Semaphore):
    """A semaphore whose value never exceeds the first one: `asyncio.BoundedSemaphore`."""

class Barrier:
    """A point that `parties` tasks reach together: `asyncio.Barrier`."""

    def __init__(self, parties: int, *, shared: bool = False) -> None: ...
    async def __aenter__(self) -> int: ...
    async def __aexit__(
        self,
        exc_type: type[BaseException] | None,
        exc: BaseException | None,
        tb: TracebackType | None,
    ) -> None: ...
    async def wait(self) -> int:
        """Wait until all parties have arrived. Return an index from 0 to `parties` - 1."""

    async def reset(self) -> None:
        """Make all tasks that wait fail, and begin anew."""

    async def abort(self) -> None:
        """Break the barrier: all tasks that wait, or will, fail."""

    def wait_blocking(self, timeout: float | None = None) -> int:
        """Wait on a thread without an event loop. After `timeout` seconds, raise TimeoutError."""

    @property
    def parties(self) -> int:
        """The number of tasks that the barrier waits for."""

    @property
    def n_waiting(self) -> int:
        """The number of tasks that have arrived and wait for the others."""

    @property
    def broken(self) -> bool:
        """Whether the barrier is broken."""

def install() -> None:
    """Put the classes of awaitlist in asyncio's place, for the whole program."""

def uninstall() -> None:
    """Put asyncio's own classes back."""
