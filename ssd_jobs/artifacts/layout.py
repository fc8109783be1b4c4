"""Where artifacts are: a root per kind, a directory per key, a directory per shard.

Roots are what a pod mounts. `tests` is a root of its own so that only grade ever sees an expected output.
"""

from pathlib import Path

__all__ = ["ROOTS", "shard_path"]

ROOTS = ("models", "problems", "tests", "samples", "records", "checkpoints", "generations", "verdicts", "reports")


def shard_path(artifact: Path, shard: int) -> Path:
    """Return the directory of one shard."""
    return artifact / f"shard-{shard:05d}"
