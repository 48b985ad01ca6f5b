"""Runs an asyncio program, unmodified, with awaitlist's classes in asyncio's place.

    python -m awaitlist [--watch SECONDS] (FILE | -m MODULE) [ARGUMENT...]

With --watch, each wait that lasts for SECONDS is reported to standard error, with its cause. That
needs a build with the diagnostics.
"""

import pathlib
import runpy
import sys

from . import diagnostics, install


def main():
    arguments = sys.argv[1:]
    seconds = None
    if arguments[:1] == ["--watch"] and len(arguments) > 1:
        try:
            seconds = float(arguments[1])
        except ValueError:
            sys.exit(__doc__)
        arguments = arguments[2:]
    is_module = arguments[:1] == ["-m"]
    arguments = arguments[is_module:]
    if not arguments or arguments[0].startswith("-"):
        sys.exit(__doc__)
    install()
    if seconds is not None:
        diagnostics.watch(seconds).detach()
    sys.argv = arguments
    if is_module:
        runpy.run_module(arguments[0], run_name="__main__", alter_sys=True)
    else:
        # As for `python FILE`, its directory is the first to be searched.
        sys.path[0] = str(pathlib.Path(arguments[0]).resolve().parent)
        runpy.run_path(arguments[0], run_name="__main__")


if __name__ == "__main__":
    main()
