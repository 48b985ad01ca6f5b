"""asyncio's locks on Rust, shared by tasks, threads, event loops and Rust code."""

from . import diagnostics as diagnostics
from ._awaitlist import *  # noqa: F403
from ._awaitlist import __all__ as __all__
