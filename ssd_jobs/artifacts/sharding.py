"""Artifacts in shards: which problem is in which, and all of them as one."""

import hashlib
import json
from collections.abc import Sequence
from pathlib import Path

from ssd_jobs.artifacts.reading import Artifact, open_artifact
from ssd_jobs.contract import files

__all__ = ["joint_digest", "open_shards", "shard_of"]


def shard_of(problem_id: str, shards: int) -> int:
    """Return the shard of a problem: it depends on nothing else, whatever problems come or go."""
    digest = hashlib.sha256(problem_id.encode("utf-8", "surrogatepass")).digest()
    return int.from_bytes(digest[:8], "big") % shards


def open_shards(path: Path, shards: int) -> list[Artifact]:
    """Return every shard of an artifact; a missing one is named."""
    return [open_artifact(files.shard(path, shard)) for shard in range(shards)]


def joint_digest(several: Sequence[Artifact]) -> str:
    """Return one digest of several artifacts, such as all shards of one: the hash of their digests, in order."""
    return hashlib.sha256(json.dumps([each.digest for each in several]).encode()).hexdigest()
