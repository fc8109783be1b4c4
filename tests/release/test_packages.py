"""Wheel and sdist are a function of the commit."""

from pathlib import Path

import pytest

from release import packages
from releases.trees import EPOCH, ROOT, copied

UV = ROOT / "build" / "uv" / "bin" / "uv"
PARTS = ("operator", "ssd_jobs", "requirements/build.txt", "pyproject.toml", "README.md", "LICENSE")


def test_two_builds_are_the_same_bytes(tmp_path: Path) -> None:
    """Neither the files' times nor their modes nor the folder in which they lie reach wheel and sdist."""
    if not UV.exists():
        pytest.fail("build/uv/bin/uv is missing: run make setup")
    made = []
    for name, modified, mask in (("one", EPOCH, 0o022), ("another", EPOCH + 86_400, 0o077)):
        source = copied(tmp_path / name, *PARTS, modified=modified, mask=mask)
        built = packages.build(source, tmp_path / f"dist-{name}", uv=UV)
        made.append({path.name: path.read_bytes() for path in built})
    assert len(made[0]) == 2
    assert made[0] == made[1]
