"""Why a program hangs: what is held, which tasks wait, and which can never go on.

This needs a build with the diagnostics, which cost time at each acquire:

    pip install ./crates/python --config-settings=build-args=--features=diagnostics

`ENABLED` says whether this build has them. Without them, the functions raise RuntimeError.
"""

from ._awaitlist import diagnostics as _diagnostics

ENABLED = _diagnostics.ENABLED
snapshot = _diagnostics.snapshot
deadlocks = _diagnostics.deadlocks
watch = _diagnostics.watch

__all__ = ["ENABLED", "deadlocks", "snapshot", "watch"]
