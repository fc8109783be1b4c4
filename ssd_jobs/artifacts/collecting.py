"""Removing artifacts that nothing names, whole directories at a time.

A directory that somebody writes is left alone: its lock says so. One that goes is renamed first, so that nobody ever
finds half of it. Of one whose results alone are kept, the manifest stays under another name: it is complete no more.
"""

import shutil
from collections.abc import Collection, Iterator, Mapping
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path
from typing import Final, Literal

from ssd_jobs.artifacts import locking
from ssd_jobs.artifacts.inventory import Stored, family
from ssd_jobs.contract import files
from ssd_jobs.errors import Temporary

__all__ = ["Removal", "removals", "remove"]

RESULTS: Final = ("reports", "verdicts")
"""Roots in which the results of a run are."""
GONE: Final = ".removed-"
"""Stands before the name of a directory that is going."""


@dataclass(frozen=True)
class Removal:
    """One directory of which all, or all but the manifests, is to go."""

    stored: Stored
    why: Literal["named by nothing", "of a run that keeps its results alone"]

    @property
    def leaves_manifests(self) -> bool:
        """Tell whether its manifests stay."""
        return self.why != "named by nothing"


def removals(
    stored: Mapping[str, Stored], *, named: Collection[str], results_of: Collection[str], external: Collection[str]
) -> list[Removal]:
    """Return what is to go.

    `named` is kept whole, and with `external`, the weights of registered versions, all that grading them again needs.
    Of `results_of`, which runs name that are over, the results are kept.
    """
    whole = {*named, *family(stored, external)}
    found = []
    for path, each in stored.items():
        if path in whole or (path in results_of and path.split("/")[0] in RESULTS):
            continue
        if path not in results_of:
            found.append(Removal(each, "named by nothing"))
        elif each.digests:
            found.append(Removal(each, "of a run that keeps its results alone"))
    return found


def remove(workspace: Path, removal: Removal) -> bool:
    """Remove one directory, or return False where somebody is writing in it."""
    directory = workspace / removal.stored.path
    shards = files.shards_in(directory)
    with ExitStack() as locks:
        try:
            for each in (directory, *shards):
                locks.enter_context(locking.locked(each))
        except (Temporary, FileNotFoundError):
            return False
        if removal.leaves_manifests:
            _empty(directory, shards)
            return True
        going = directory.with_name(f"{GONE}{directory.name}")
        shutil.rmtree(going, ignore_errors=True)
        directory.rename(going)
    shutil.rmtree(going)
    return True


def _empty(directory: Path, shards: list[Path]) -> None:
    """Remove everything but manifests, which go first under another name: what has none is no artifact."""
    for each in (directory, *shards):
        manifest = each / files.MANIFEST
        if manifest.exists():
            manifest.rename(each / files.COLLECTED)
    for child in _content(directory, shards):
        shutil.rmtree(child) if child.is_dir() and not child.is_symlink() else child.unlink()


def _content(directory: Path, shards: list[Path]) -> Iterator[Path]:
    """Yield what is in a directory and in its shards, but locks and manifests."""
    for each in (directory, *shards):
        for child in sorted(each.iterdir()):
            if child not in shards and child.name not in (locking.LOCK, files.COLLECTED):
                yield child
