"""Where artifacts are: below a root of the workspace, a directory per key and a directory per shard."""

from pathlib import Path

__all__ = ["shard_path"]


def shard_path(artifact: Path, shard: int) -> Path:
    """Return the directory of one shard."""
    return artifact / f"shard-{shard:05d}"
