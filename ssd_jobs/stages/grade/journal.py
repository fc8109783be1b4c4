"""Verdicts that are sure, kept on disk while the rest of their shard is graded.

A line is one row of the verdict table; the first line says what was graded, with what, behind which walls, and a
journal of anything else is thrown away. Lines are handed to the kernel one by one: a grader that is killed loses none,
a machine that falls loses the last few, and a line that is torn is cut off. What is lost is graded again.
"""

import json
import os
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

__all__ = ["Journal", "opened"]

Row = dict[str, Any]


class Journal:
    """The rows of one shard so far."""

    def __init__(self, path: Path, identity: Mapping[str, Any]) -> None:
        self.path = path
        self.rows: list[Row] = []
        first = json.loads(json.dumps(identity))
        lines = _whole_lines(path)
        if lines[:1] == [first]:
            self.rows = lines[1:]
        self._file = path.open("ab" if self.rows else "wb")
        if not self.rows:
            self._write(first)

    def add(self, row: Row) -> None:
        """Keep one more row."""
        self._write(row)
        self.rows.append(row)

    def discard(self) -> None:
        """Forget everything: no row counts."""
        self.close()
        self.path.unlink()

    def close(self) -> None:
        """Let the file go."""
        self._file.close()

    def _write(self, content: Row) -> None:
        """Hand over a whole line: unbuffered, a write may stop in the middle without a word."""
        self._file.write(json.dumps(content).encode() + b"\n")
        self._file.flush()


@contextmanager
def opened(path: Path, identity: Mapping[str, Any]) -> Iterator[Journal]:
    """Open the journal of a shard; it stays on disk until it is discarded."""
    journal = Journal(path, identity)
    try:
        yield journal
    finally:
        journal.close()


def _whole_lines(path: Path) -> list[Row]:
    """Return what is on disk; the torn end of a last line is cut off."""
    if not path.exists():
        return []
    data = path.read_bytes()
    whole = data[: data.rfind(b"\n") + 1]
    os.truncate(path, len(whole))
    return [json.loads(line) for line in whole.splitlines()]
