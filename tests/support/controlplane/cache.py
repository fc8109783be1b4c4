"""Things that take minutes to make, kept on this machine under a key of what they are made from.

A folder appears under its name only when it is complete (it is renamed into place), and one process at a time makes
it: test workers that start together share one build, and a build that was killed leaves nothing that looks finished.
"""

import fcntl
import hashlib
import os
import shutil
from collections.abc import Callable, Mapping
from pathlib import Path

__all__ = ["digest", "obtain", "root"]


def root(environ: Mapping[str, str] = os.environ) -> Path:
    """The folder of everything kept: XDG's cache folder, else ~/.cache."""
    base = environ.get("XDG_CACHE_HOME") or Path.home() / ".cache"
    return Path(base) / "ssd-operator"


def digest(*parts: bytes) -> str:
    """A short key of the given parts, in which their borders count."""
    borders = hashlib.sha256()
    for part in parts:
        borders.update(hashlib.sha256(part).digest())
    return borders.hexdigest()[:16]


def obtain(folder: Path, make: Callable[[Path], None]) -> Path:
    """Return `folder`, first made by `make` (which fills an empty folder given to it) when it does not exist."""
    if folder.is_dir():
        return folder
    folder.parent.mkdir(parents=True, exist_ok=True)
    with folder.with_name(f"{folder.name}.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if not folder.is_dir():
            partial = folder.with_name(f"{folder.name}.partial")
            shutil.rmtree(partial, ignore_errors=True)
            partial.mkdir()
            make(partial)
            partial.rename(folder)
    return folder
