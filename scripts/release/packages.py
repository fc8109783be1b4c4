"""The wheel and the sdist, built with the locked build backend and checked as an index would."""

import os
from pathlib import Path

from release.errors import run
from release.source import Source

__all__ = ["build", "check"]


def build(source: Source, target: Path, *, uv: Path) -> list[Path]:
    """Build both; the commit's time is the time of all their files."""
    locked = ("--build-constraints", source.tree / "requirements" / "build.txt", "--require-hashes")
    environment = {**os.environ, "SOURCE_DATE_EPOCH": str(source.epoch)}
    run(uv, "build", "--quiet", *locked, "--out-dir", target, source.tree, environment=environment)
    (target / ".gitignore").unlink(missing_ok=True)  # uv writes one beside what it builds
    built = [target / f"ssd_operator-{source.version}{suffix}" for suffix in ("-py3-none-any.whl", ".tar.gz")]
    return [path for path in built if path.stat().st_size]


def check(built: list[Path], *, twine: Path) -> None:
    """Refuse metadata or a description that an index would refuse."""
    run(twine, "check", "--strict", *built)
