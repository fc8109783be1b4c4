"""What a failing write means: the volume is full, read-only, or somebody else's."""

import errno
import os
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from ssd_jobs.errors import BadInput, JobError, Temporary

__all__ = ["explained", "full", "is_full"]

FULL = (errno.ENOSPC, errno.EDQUOT)
SIGNS = ("No space left on device", "Disk quota exceeded")
"""What libraries in Rust and C++ say, whose errors carry no number."""
LEAST = 2**20
"""Bytes that are left on a volume where even so much as an error's text says nothing."""


def full(path: Path) -> Temporary:
    """Return the error for a write below a path that found no space."""
    return Temporary(f"{path}: no space left on the volume; nothing is lost, free some")


def is_full(error: BaseException, path: Path | None = None) -> bool:
    """Return whether there was no space; given a path, a volume that is full now is taken for the cause."""
    chain: BaseException | None = error
    while chain is not None:
        if (isinstance(chain, OSError) and chain.errno in FULL) or any(sign in str(chain) for sign in SIGNS):
            return True
        chain = chain.__cause__ or chain.__context__
    return path is not None and shutil.disk_usage(path).free < LEAST


@contextmanager
def explained(path: Path) -> Iterator[None]:
    """Turn an OSError of a write below a path into a JobError that says what to do."""
    try:
        yield
    except JobError:
        raise
    except Exception as error:
        if is_full(error):
            raise full(path) from error
        if not isinstance(error, OSError):
            raise
        if error.errno == errno.EROFS:
            raise JobError(f"{path}: the volume is mounted read-only; mount it writable and run again") from error
        if error.errno == errno.EACCES:
            raise BadInput(
                f"{error.filename or path}: closed to user {os.getuid()}; give the volume to that user or its group, "
                f"on a cluster by fsGroup"
            ) from error
        raise
