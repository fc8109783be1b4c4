"""What lies on a volume: every artifact's directory, what it was made from, and how large it is.

An artifact names what it read by digest. So its ancestors and descendants are found without a plan, also those of a
run whose resource is gone.
"""

import json
from collections.abc import Collection, Iterator, Mapping
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from ssd_jobs.artifacts.sharding import joint
from ssd_jobs.contract import ARTIFACTS, files
from ssd_jobs.contract.stages import KEY_DIGITS

__all__ = ["Stored", "family", "inventory"]


@dataclass(frozen=True)
class Stored:
    """One directory below a root of the workspace."""

    path: str
    """Below the workspace, such as checkpoints/0123…"""
    digests: frozenset[str]
    """By which others name it: its own, its shards', and that of all of them; none while it is not complete."""
    inputs: frozenset[str]
    """Digests of what it read."""
    bytes: int


def inventory(workspace: Path) -> dict[str, Stored]:
    """Return every directory in which an artifact is, or may come to be, by its path."""
    roots = sorted({folder for kind in ARTIFACTS.values() for folder in kind.folders})
    found = [_stored(directory, root) for root in roots for directory in _directories(workspace / root)]
    return {each.path: each for each in found}


def family(stored: Mapping[str, Stored], paths: Collection[str]) -> set[str]:
    """Return these artifacts, all that was made from them, and all that any of those was made from."""
    family = {path for path in paths if path in stored}
    grown = -1
    while grown != len(family):
        grown = len(family)
        known = frozenset[str]().union(*(stored[path].digests for path in family))
        family |= {path for path, each in stored.items() if not each.inputs.isdisjoint(known)}
    grown = -1
    while grown != len(family):
        grown = len(family)
        read = frozenset[str]().union(*(stored[path].inputs for path in family))
        family |= {path for path, each in stored.items() if not each.digests.isdisjoint(read)}
    return family


def _directories(root: Path) -> Iterator[Path]:
    """Yield the directories of artifacts below one root; what a user put there is none of ours."""
    if root.is_dir():
        yield from sorted(path for path in root.iterdir() if path.is_dir() and _is_key(path.name))


def _is_key(name: str) -> bool:
    return len(name) == KEY_DIGITS and not set(name) - set("0123456789abcdef")


def _stored(directory: Path, root: str) -> Stored:
    manifests = [each for each in map(_manifest, (directory, *files.shards_in(directory))) if each]
    digests = [str(each.get("digest")) for each in manifests]
    inputs = {str(digest) for each in manifests for digest in dict(each.get("inputs") or {}).values()}
    size = sum(path.lstat().st_size for path in directory.rglob("*") if path.is_file() and not path.is_symlink())
    named = frozenset([*digests, joint(digests)] if digests else ())
    return Stored(f"{root}/{directory.name}", named, frozenset(inputs), size)


def _manifest(directory: Path) -> dict[str, Any] | None:
    with suppress(OSError, ValueError):
        found = json.loads((directory / files.MANIFEST).read_text(encoding="utf-8"))
        return found if isinstance(found, dict) else None
    return None
