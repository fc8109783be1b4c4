"""What the cgroup lets this process use: cores and memory, not what the machine has."""

import os
from pathlib import Path

__all__ = ["cores", "memory_bytes", "whole_cores"]

CGROUP = Path("/sys/fs/cgroup")


def cores(root: Path = CGROUP) -> float:
    """Return how many cores this process may use; a quota may be a fraction of one."""
    machine = float(len(os.sched_getaffinity(0)))
    quota = _quota(root)
    return machine if quota is None else min(machine, quota)


def whole_cores(root: Path = CGROUP) -> int:
    """Return how many programs can run at once without waiting for a core; at least 1."""
    return max(1, int(cores(root)))


def memory_bytes(root: Path = CGROUP) -> int | None:
    """Return the memory limit, None where there is none."""
    for name in ("memory.max", "memory/memory.limit_in_bytes"):
        words = _words(root / name)
        if words and words[0] != "max" and int(words[0]) < 1 << 60:
            return int(words[0])
    return None


def _quota(root: Path) -> float | None:
    """Return the CPU quota in cores, from version 2 or version 1 of cgroups."""
    words = _words(root / "cpu.max")
    if not words:
        words = _words(root / "cpu/cpu.cfs_quota_us") + _words(root / "cpu/cpu.cfs_period_us")
    if len(words) != 2 or words[0] in ("max", "-1"):
        return None
    return int(words[0]) / int(words[1])


def _words(path: Path) -> list[str]:
    try:
        return path.read_text().split()
    except OSError:
        return []
