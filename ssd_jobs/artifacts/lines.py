"""Files to which lines are added while a stage runs: a process that is killed may leave half a line, never more."""

import os
from pathlib import Path

from ssd_jobs.artifacts import atomic

__all__ = ["append", "mended", "whole"]


def whole(data: bytes) -> bytes:
    """Return the lines of a file without the torn end of a last one."""
    return data[: data.rfind(b"\n") + 1]


def mended(path: Path) -> list[bytes]:
    """Return the lines of a file, none where there is no file; a torn end is cut off the file, too.

    Without the cut the next line would be added to the torn one.
    """
    if not path.exists():
        return []
    data = path.read_bytes()
    kept = whole(data)
    if len(kept) < len(data):
        os.truncate(path, len(kept))
    return kept.splitlines()


def append(path: Path, data: bytes) -> None:
    """Add whole lines to a file, durably; the torn end that an earlier process left is cut off."""
    with path.open("a+b") as stream:
        end = stream.seek(0, os.SEEK_END)
        if end:
            stream.seek(end - 1)
            if stream.read(1) != b"\n":
                mended(path)
        stream.write(data)
        stream.flush()
        os.fsync(stream.fileno())
    atomic.sync_directory(path.parent)
