"""Artifacts in shards: which problem is in which, and all of them as one.

Shards are a layout. Whoever writes the first one decides how many an artifact has, and the directories' names say it
from then on; readers ask for no number, and a stage with more or fewer processes shares the same shards out.
"""

import hashlib
import json
from collections.abc import Sequence
from pathlib import Path

from ssd_jobs.artifacts import disk, locking
from ssd_jobs.artifacts.reading import Artifact, open_artifact
from ssd_jobs.contract import files
from ssd_jobs.errors import BadInput, JobError

__all__ = ["joint", "joint_digest", "lay_out", "open_shards", "shard_of", "shards_of_process"]


def shard_of(problem_id: str, shards: int) -> int:
    """Return the shard of a problem: it depends on nothing else, whatever problems come or go."""
    digest = hashlib.sha256(problem_id.encode("utf-8", "surrogatepass")).digest()
    return int.from_bytes(digest[:8], "big") % shards


def lay_out(path: Path, shards: int) -> int:
    """Return how many shards an artifact has, which are so many if it has none yet."""
    with disk.explained(path):
        path.mkdir(parents=True, exist_ok=True)
        with locking.locked(path, wait=True):
            found = _layout(path)
            if not found:
                files.shard(path, 0, shards).mkdir()
            return found or shards


def shards_of_process(index: int, *, processes: int, shards: int) -> range:
    """Return the shards that one of some processes fills: its own where there are as many of both."""
    return range(index, shards, processes)


def open_shards(path: Path) -> list[Artifact]:
    """Return every shard of an artifact; a missing one is named."""
    shards = _layout(path)
    if not shards:
        raise JobError(f"{path}: not complete (no shard is there); run the stage that writes it first")
    return [open_artifact(files.shard(path, shard, shards)) for shard in range(shards)]


def joint_digest(several: Sequence[Artifact]) -> str:
    """Return one digest of several artifacts, such as all shards of one: the hash of their digests, in order."""
    return joint([each.digest for each in several])


def joint(digests: Sequence[str]) -> str:
    """Return one digest of several, in their order."""
    return hashlib.sha256(json.dumps(list(digests)).encode()).hexdigest()


def _layout(path: Path) -> int:
    """Return how many shards an artifact has, 0 before the first one."""
    found = files.layouts(path)
    if len(found) > 1:
        raise BadInput(
            f"{path}: holds shards of {len(found)} layouts ({', '.join(map(str, found))} shards); "
            f"remove {path} and run its stage again"
        )
    return found[0] if found else 0
