"""Who is left of a process that was killed: found by a word of the command line, or by the session."""

import contextlib
from collections.abc import Iterator
from pathlib import Path

__all__ = ["of_session", "with_word"]


def with_word(word: str) -> list[int]:
    """Return the processes that have this word on their command line."""
    return [pid for pid, words, _ in _processes() if word in words]


def of_session(session: int) -> list[int]:
    """Return the processes of a session; it is named after the process that opened it."""
    return [pid for pid, _, its in _processes() if its == session]


def _processes() -> Iterator[tuple[int, list[str], int]]:
    """Yield id, command line and session of whatever lives; what has ended has no command line any more."""
    for entry in Path("/proc").glob("[0-9]*"):
        with contextlib.suppress(OSError):
            words = (entry / "cmdline").read_bytes().decode(errors="replace").split("\0")[:-1]
            session = (entry / "stat").read_text().rpartition(")")[2].split()[3]
            if words:
                yield int(entry.name), words, int(session)
