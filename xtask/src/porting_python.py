"""Runs the Python of docs/guide, and compares what it prints with the output that the pages show.

    cargo xtask porting-python [PAGE...]

A ```python block is a script. If a ```text block follows before the next ```python block, it is
the script's output; otherwise the script prints nothing. An object is shown as the crate shows it,
`<Lock [locked]>`: Python adds its module and its address.

Together the pages must also name everything that is public in asyncio.locks. That is not checked if PAGE is given.
"""

import asyncio.locks
import pathlib
import re
import subprocess
import sys

ROOT = pathlib.Path(__file__).resolve().parents[2]
PAGES = sorted((ROOT / "docs" / "guide").rglob("*.md"))
FENCE = re.compile(r"^```(\w+)[^\n]*\n(.*?)^```$", re.MULTILINE | re.DOTALL)
OBJECT = re.compile(r"<asyncio\.locks\.(\w+) object at 0x[0-9a-f]+ ")


def scripts(page):
    """Each Python block: its line, its text, and the output that the page shows."""
    found = []
    for fence in FENCE.finditer(page):
        language, text = fence.groups()
        if language == "python":
            found.append((page.count("\n", 0, fence.start()) + 1, text, None))
        elif language == "text" and found and found[-1][2] is None:
            found[-1] = (*found[-1][:2], text)
    return [(line, text, printed or "") for line, text, printed in found]


def differs(text, printed):
    """What is wrong with a script, or None."""
    run = subprocess.run([sys.executable, "-c", text], capture_output=True, text=True, timeout=60)
    if run.returncode != 0:
        return run.stderr
    output = OBJECT.sub(r"<\1 ", run.stdout)
    return None if output == printed else f"it printed:\n{output}"


def unnamed(text):
    """The public names of asyncio.locks that the text does not have."""
    for kind in asyncio.locks.__all__:
        primitive = getattr(asyncio.locks, kind)
        wanted = [f"asyncio.{kind}("]
        wanted += [f".{name}" for name in dir(primitive) if not name.startswith("_")]
        yield from (f"{kind}: {name}" for name in wanted if name not in text)


def main():
    if sys.version_info < (3, 13):
        sys.exit("the guide describes CPython 3.13: run this with 3.13 or later")
    pages = {path: path.read_text() for path in map(pathlib.Path, sys.argv[1:] or PAGES)}
    found, wrong = 0, 0
    for path, page in pages.items():
        for line, *script in scripts(page):
            found += 1
            if problem := differs(*script):
                wrong += 1
                print(f"-- {path}, the script at line {line}\n{problem}")
    missing = [] if sys.argv[1:] else list(unnamed("".join(pages.values())))
    for name in missing:
        print(f"-- not in the guide: {name}")
    print(f"{len(pages)} pages, {found} scripts, {wrong} wrong; {len(missing)} names missing")
    sys.exit(bool(wrong or missing or not found))


main()
