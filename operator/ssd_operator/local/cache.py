"""What is on disk already: a stage is done when the manifest of each of its artifacts carries the right key."""

import json
from pathlib import Path

from ssd_jobs.contract import files
from ssd_operator.plan import Artifact, Node

__all__ = ["directories", "finished_shards", "is_complete"]


def is_complete(workspace: Path, node: Node) -> bool:
    """Tell whether everything that a stage makes is there."""
    return all(
        finished_shards(workspace, artifact) == len(directories(workspace, artifact)) for artifact in node.artifacts
    )


def finished_shards(workspace: Path, artifact: Artifact) -> int:
    """Return how many directories of an artifact are complete."""
    return sum(_has_manifest(directory, artifact.key) for directory in directories(workspace, artifact))


def directories(workspace: Path, artifact: Artifact) -> list[Path]:
    """Return the directories that an artifact consists of: as many as were laid out, or as are planned."""
    root = workspace / artifact.path
    if not artifact.shards:
        return [root]
    shards = next(iter(files.layouts(root)), artifact.shards)
    return [files.shard(root, shard, shards) for shard in range(shards)]


def _has_manifest(directory: Path, key: str) -> bool:
    """Tell whether a directory is complete and belongs to this key."""
    try:
        document = json.loads((directory / files.MANIFEST).read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return False
    return isinstance(document, dict) and document.get("key") == key
