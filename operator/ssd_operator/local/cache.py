"""What is on disk already: a stage is done when the manifest of each of its artifacts carries the right key.

Of the artifacts of a stage whose decode setting is chosen while the run goes on, those of the chosen one count.
"""

import json
from contextlib import suppress
from pathlib import Path

from ssd_jobs import contract
from ssd_jobs.contract import files
from ssd_operator.plan import Artifact, Node

__all__ = ["directories", "finished_shards", "is_complete", "made_by"]


def is_complete(workspace: Path, node: Node) -> bool:
    """Tell whether everything that a stage makes is there."""
    made = made_by(workspace, node)
    return bool(made) and all(finished_shards(workspace, each) == len(directories(workspace, each)) for each in made)


def made_by(workspace: Path, node: Node) -> tuple[Artifact, ...]:
    """Return what a stage makes, or has made; nothing as long as its decode setting is not chosen."""
    if not node.selection:
        return node.artifacts
    with suppress(OSError, ValueError):
        text = (workspace / node.selection / files.SELECTION).read_text(encoding="utf-8")
        chosen = contract.Choice.model_validate_json(text).chosen
        return tuple(each for each in node.artifacts if each.setting == chosen)
    return ()


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
