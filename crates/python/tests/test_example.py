"""Tests that the steps of the example print the same, and that the book shows them as they are."""

import os
import pathlib
import re
import subprocess
import sys
import textwrap
import unittest

HERE = pathlib.Path(__file__).resolve().parent
EXAMPLE = HERE.parent / "example"
PAGE = HERE.parents[2] / "docs" / "guide" / "half-in-python.md"
FENCE = re.compile(r"^```(\S+)\n(.*?)^```$", re.MULTILINE | re.DOTALL)

STEPS = {
    "step 1": [sys.executable, "step1.py"],
    "step 2": [sys.executable, "step2.py"],
    # Built by `cargo xtask python`, which says where it is.
    "step 3": [os.environ.get("WORDCOUNT", "wordcount")],
}


def blocks(*languages):
    return [text for language, text in FENCE.findall(PAGE.read_text()) if language in languages]


class ExampleTests(unittest.TestCase):
    def test_each_step_prints_what_the_book_shows(self):
        (expected,) = blocks("text")
        for step, command in STEPS.items():
            with self.subTest(step=step):
                done = subprocess.run(command, cwd=EXAMPLE, capture_output=True, text=True)
                self.assertEqual((done.returncode, done.stderr), (0, ""))
                self.assertEqual(done.stdout, expected)

    def test_the_book_shows_the_code_as_it_is(self):
        files = [*EXAMPLE.rglob("*.py"), *EXAMPLE.rglob("src/*.rs"), *EXAMPLE.rglob("*.toml")]
        sources = [file.read_text() for file in files]
        shown = blocks("py", "rust,ignore", "toml")
        self.assertGreater(len(shown), 4)
        for block in shown:
            # A method is shown without its class, so at any indentation.
            there = any(
                textwrap.indent(block, " " * spaces) in source
                for source in sources
                for spaces in (0, 4)
            )
            self.assertTrue(there, block)


if __name__ == "__main__":
    unittest.main()
