"""A container that runs out of memory: the kernel itself ends its first process, and with it all others in there.

A program in the sandbox cannot bring this about, its own limits act first. So the memory of the container is lowered to
what it uses, from outside, and its first process is made the one that the kernel prefers; the kill, and what the
runtime says of it, are the real ones, under both versions of cgroups.
"""

import time
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

from controlplane.errors import Unavailable
from node.cgroups import MOUNT

__all__ = ["exhaust"]

FILES = {"memory": ("memory.limit_in_bytes", "memory.usage_in_bytes"), "": ("memory.max", "memory.current")}
"""The limit and the use, by the controller that a line of /proc/PID/cgroup names; the unified hierarchy names none."""
PREFERRED, OTHER = 1000, 0


def exhaust(first: int, *, seconds: float = 120) -> None:
    """Return when the kernel has ended `first`, the first process of a container."""
    folder, limit, use = _memory(first)
    end = time.monotonic() + seconds
    while Path(f"/proc/{first}").exists():
        if time.monotonic() > end:
            raise Unavailable(f"{folder} had no memory left for {seconds:.0f} s, and the kernel ended nothing.")
        # Refused while the kernel finds nothing to give back; then the processes need more in a moment.
        with suppress(OSError):
            _prefer(first, among=folder)
            (folder / limit).write_text((folder / use).read_text())
        time.sleep(0.02)


def _memory(process: int) -> tuple[Path, str, str]:
    """Return the process's folder in the hierarchy that limits memory, and the names of two files there."""
    lines = Path(f"/proc/{process}/cgroup").read_text().splitlines()
    paths = {name: path for _, names, path in (line.split(":", 2) for line in lines) for name in names.split(",")}
    controller = "memory" if "memory" in paths else ""
    top = MOUNT / controller if controller else MOUNT
    return (top / paths[controller].lstrip("/"), *FILES[controller])


def _prefer(first: int, *, among: Path) -> None:
    """Make `first` what the kernel chooses, however much more the others use."""
    for process in _processes(among):
        with suppress(ProcessLookupError, FileNotFoundError):
            Path(f"/proc/{process}/oom_score_adj").write_text(str(PREFERRED if process == first else OTHER))


def _processes(group: Path) -> Iterator[int]:
    yield from map(int, (group / "cgroup.procs").read_text().split())
