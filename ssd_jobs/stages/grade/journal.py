"""Verdicts that are sure, kept on disk while the rest of their shard is graded.

A line is one row of the verdict table; the first line says what was graded, with what, behind which walls, and a
journal of anything else is thrown away. Lines are handed to the kernel one by one: a grader that is killed loses none,
a machine that falls loses the last few, and a line that is torn is cut off. What is lost is graded again.
"""

import json
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from ssd_jobs.artifacts import lines

__all__ = ["Journal", "open_journal"]

Row = dict[str, Any]


class Journal:
    """The rows of one shard so far."""

    def __init__(self, path: Path, identity: Mapping[str, Any]) -> None:
        self.path = path
        self.rows: list[Row] = []
        first = json.loads(json.dumps(identity))
        found = [json.loads(line) for line in lines.mended(path)]
        if found[:1] == [first]:
            self.rows = found[1:]
        self._file = path.open("ab" if self.rows else "wb")
        if not self.rows:
            self._write(first)

    def add(self, row: Row) -> None:
        """Append a row."""
        self._write(row)
        self.rows.append(row)

    def discard(self) -> None:
        """Forget everything: no row counts."""
        self.close()
        self.path.unlink()

    def close(self) -> None:
        """Close the file."""
        self._file.close()

    def _write(self, content: Row) -> None:
        """Hand over a whole line: unbuffered, a write may stop in the middle without a word."""
        self._file.write(json.dumps(content).encode() + b"\n")
        self._file.flush()


@contextmanager
def open_journal(path: Path, identity: Mapping[str, Any]) -> Iterator[Journal]:
    """Open the journal of a shard; it stays on disk until it is discarded."""
    journal = Journal(path, identity)
    try:
        yield journal
    finally:
        journal.close()
