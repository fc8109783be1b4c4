"""The lock of a directory: a POSIX lock on a file in it, which the kernel drops with the process.

A killed writer never blocks the next one. A second writer leaves with exit code 75 and is tried again later, when the
work is done.
"""

import errno
import fcntl
import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from ssd_jobs.errors import BadInput, Temporary

__all__ = ["LOCK", "locked"]

LOCK = ".lock"


@contextmanager
def locked(directory: Path, *, wait: bool = False) -> Iterator[None]:
    """Own a directory until the block ends; `wait` for another owner only where it owns for a moment."""
    descriptor = os.open(directory / LOCK, os.O_RDWR | os.O_CREAT, 0o644)
    try:
        _lock(descriptor, directory, fcntl.LOCK_EX if wait else fcntl.LOCK_EX | fcntl.LOCK_NB)
        yield
    finally:
        os.close(descriptor)


def _lock(descriptor: int, directory: Path, operation: int) -> None:
    """Take the lock or leave."""
    try:
        fcntl.lockf(descriptor, operation)
    except OSError as error:
        if error.errno in (errno.EACCES, errno.EAGAIN):
            raise Temporary(f"{directory}: another process is writing this artifact; wait for it or stop it") from None
        if error.errno in (errno.ENOLCK, errno.ENOSYS, errno.EOPNOTSUPP):
            raise BadInput(
                f"{directory}: the volume keeps no locks ({error.strerror}), so two writers could not be kept apart; "
                f"use one that has POSIX locks"
            ) from None
        raise
