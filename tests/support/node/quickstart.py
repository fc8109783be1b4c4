"""The quickstart page as data: the files it shows and the commands it gives, in the page's order.

A block that begins with `# NAME` is a file; a `console` block is commands to run. Whoever changes the page changes the
test with it.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

__all__ = ["PAGE", "Step", "steps"]

PAGE = Path(__file__).parents[3] / "docs" / "quickstart.md"
BLOCK = re.compile(r"^```(\w+)\n(.*?)^```$", re.DOTALL | re.MULTILINE)
FILE = re.compile(r"# (\S+\.yaml)\n")


@dataclass(frozen=True)
class Step:
    """A file to write, or one command to run."""

    file: str
    """Its name; empty for a command."""
    text: str


def steps(page: str) -> Iterator[Step]:
    """Yield what a reader does, in order."""
    for language, text in BLOCK.findall(page):
        if language == "yaml":
            if named := FILE.match(text):
                yield Step(named[1], text)
        elif language == "console":
            for line in text.strip().splitlines():
                yield Step("", line)
