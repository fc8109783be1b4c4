"""The one cgroup below which the kubelet makes all others, in every hierarchy of this machine."""

from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

__all__ = ["NAME", "make", "remove"]

NAME = "ssd-e2e"
MOUNT = Path("/sys/fs/cgroup")
UNIFIED = MOUNT / "cgroup.controllers"
INHERITED = ("cpuset.cpus", "cpuset.mems")
WEIGHT = {"cpu.shares": "6144", "cpu.weight": "600"}
"""All pods together weigh as much as six programs of this machine, not as one."""


def make() -> None:
    """Make the cgroup with every controller that its parent has."""
    for top in _hierarchies():
        folder = top / NAME
        folder.mkdir(exist_ok=True)
        if UNIFIED.exists():
            _enable(top, folder)
        else:
            for name in filter(lambda each: (top / each).exists(), INHERITED):
                (folder / name).write_text((top / name).read_text())
        for name, value in WEIGHT.items():
            if (folder / name).exists():
                (folder / name).write_text(value)


def remove() -> bool:
    """Remove the cgroup with all below it, and say whether it is gone; a cgroup that a process is in stays."""
    gone = True
    for top in _hierarchies():
        folder = top / NAME
        if folder.is_dir():
            below = [path for path in folder.rglob("*") if path.is_dir()]
            for path in [*sorted(below, key=lambda each: -len(each.parts)), folder]:
                with suppress(OSError):
                    path.rmdir()
            gone = gone and not folder.exists()
    return gone


def _hierarchies() -> Iterator[Path]:
    """Yield the top of the unified hierarchy, or of each of the old ones."""
    if UNIFIED.exists():
        yield MOUNT
        return
    for path in sorted(MOUNT.iterdir()):
        if path.is_dir() and not path.is_symlink() and (path / "cgroup.procs").exists():
            yield path


def _enable(top: Path, folder: Path) -> None:
    controllers = " ".join(f"+{name}" for name in UNIFIED.read_text().split())
    for each in (top, folder):
        with suppress(OSError):
            (each / "cgroup.subtree_control").write_text(controllers)
