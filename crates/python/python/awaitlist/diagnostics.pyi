from collections.abc import Callable
from types import TracebackType
from typing import Literal, Protocol, TypedDict

__all__ = ["ENABLED", "deadlocks", "snapshot", "watch"]

ENABLED: bool
"""Whether this build has the diagnostics. Without them, the functions raise RuntimeError."""

class _Entry(TypedDict):
    who: str
    where: str
    seconds: float

class _Signal(TypedDict):
    where: str
    seconds: float
    woke: bool

class _Primitive(TypedDict):
    kind: str
    name: str | None
    holds: list[_Entry]
    waits: list[_Entry]
    last: dict[Literal["set", "cleared", "notified"], _Signal]

class _Snapshot(Protocol):
    """What is held and waited for at a moment. Its `str` is the report."""

    @property
    def primitives(self) -> list[_Primitive]:
        """The primitives that have a holder or a waiter."""

class _Report(Protocol):
    """A deadlock, or a wait that lasts too long. Its `str` is the report."""

    @property
    def title(self) -> str:
        """The first words of the report, like `DEADLOCK`, `LEAKED` or `ENDED`."""

    @property
    def tasks(self) -> list[str]:
        """The tasks and threads in it: those that wait first."""

class _Watch(Protocol):
    def stop(self) -> None:
        """End the watch."""

    def detach(self) -> None:
        """Let the watch go on until the program ends."""

    def __enter__(self) -> _Watch: ...
    def __exit__(
        self,
        exc_type: type[BaseException] | None,
        exc: BaseException | None,
        tb: TracebackType | None,
    ) -> None: ...

def snapshot() -> _Snapshot:
    """List what is held and waited for."""

def deadlocks() -> list[_Report]:
    """Find the tasks and threads that wait for each other."""

def watch(
    seconds: float, report: Callable[[_Report], object] | None = None, *, idle: bool = False
) -> _Watch:
    """Report each wait that lasts for `seconds`, and why: to standard error, or by `report(stall)`."""
