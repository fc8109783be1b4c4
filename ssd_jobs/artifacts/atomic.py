"""Single files that are either the old one or the new one, never half of one.

Temporary name in the same directory, fsync, rename, fsync of the directory. A full disk leaves the old file and
raises; a leftover temporary file of a killed writer is removed by the next claim of the directory.
"""

import os
import secrets
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

__all__ = ["TEMPORARY", "replacing", "sync_directory", "write_bytes", "write_text"]

TEMPORARY = ".tmp-"
"""Prefix of every name that is not a finished file."""


@contextmanager
def replacing(path: Path) -> Iterator[Path]:
    """Yield a temporary path to write to; it is renamed to `path` when the block ends without an error."""
    temporary = path.with_name(f"{TEMPORARY}{path.name}.{os.getpid()}.{secrets.token_hex(4)}")
    try:
        yield temporary
        _sync_file(temporary)
        temporary.chmod(0o644)
        os.replace(temporary, path)  # noqa: PTH105 - the one call whose atomicity this module is about
        sync_directory(path.parent)
    finally:
        temporary.unlink(missing_ok=True)


def write_bytes(path: Path, data: bytes) -> None:
    """Replace a file by these bytes."""
    with replacing(path) as temporary:
        temporary.write_bytes(data)


def write_text(path: Path, text: str) -> None:
    """Replace a file by this text."""
    write_bytes(path, text.encode())


def sync_directory(path: Path) -> None:
    """Make the names in a directory durable."""
    descriptor = os.open(path, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def _sync_file(path: Path) -> None:
    """Make a file's content durable."""
    descriptor = os.open(path, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
