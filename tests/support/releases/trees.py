"""Copies of the tree from which a release is built, as a checkout at another time would have them."""

import os
import shutil
import subprocess
from pathlib import Path

from release.source import Source, written_version

__all__ = ["COMMIT", "EPOCH", "ROOT", "copied"]

ROOT = Path(__file__).parents[3]
COMMIT = "0" * 40
EPOCH = 1_700_000_000


def copied(target: Path, *parts: str, modified: int = EPOCH, mask: int = 0o022) -> Source:
    """Return a source with the tracked files of some folders, whose times and modes a release must not show."""
    listed = subprocess.run(["git", "ls-files", "-z", *parts], cwd=ROOT, capture_output=True, text=True, check=True)
    for name in filter(None, listed.stdout.split("\0")):
        if not (ROOT / name).exists():
            continue  # removed, and not committed yet
        path = target / name
        path.parent.mkdir(parents=True, exist_ok=True)
        shutil.copyfile(ROOT / name, path)
        path.chmod(0o666 & ~mask)
        os.utime(path, (modified, modified))
    return Source(target, written_version(target), COMMIT, EPOCH)
