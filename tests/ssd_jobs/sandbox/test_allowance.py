"""Cores and memory as the cgroup allows them, in both versions of cgroups."""

import os
from pathlib import Path

import pytest

from ssd_jobs.sandbox import allowance

ALL = len(os.sched_getaffinity(0))
CORES = {
    "v2 unlimited": ({"cpu.max": "max 100000\n"}, ALL),
    "v2 one core": ({"cpu.max": "100000 100000\n"}, 1),
    "v2 half a core": ({"cpu.max": "50000 100000\n"}, 0.5),
    "v2 one and a half": ({"cpu.max": "150000 100000\n"}, min(1.5, ALL)),
    "v2 more than there are": ({"cpu.max": "99900000 100000\n"}, ALL),
    "v1 unlimited": ({"cpu/cpu.cfs_quota_us": "-1\n", "cpu/cpu.cfs_period_us": "100000\n"}, ALL),
    "v1 one core": ({"cpu/cpu.cfs_quota_us": "100000\n", "cpu/cpu.cfs_period_us": "100000\n"}, 1),
    "none": ({}, ALL),
}
MEMORY = {
    "v2 unlimited": ({"memory.max": "max\n"}, None),
    "v2": ({"memory.max": "67108864\n"}, 64 << 20),
    "v1 unlimited": ({"memory/memory.limit_in_bytes": "9223372036854771712\n"}, None),
    "v1": ({"memory/memory.limit_in_bytes": "67108864\n"}, 64 << 20),
    "none": ({}, None),
}


def _cgroup(root: Path, files: dict[str, str]) -> Path:
    for name, text in files.items():
        (root / name).parent.mkdir(parents=True, exist_ok=True)
        (root / name).write_text(text)
    return root


@pytest.mark.parametrize(("files", "expected"), CORES.values(), ids=CORES.keys())
def test_cores(tmp_path: Path, files: dict[str, str], expected: float) -> None:
    """The quota, which may be a fraction of a core, and never more than there are; whole ones are at least one."""
    root = _cgroup(tmp_path, files)
    assert allowance.cores(root) == expected
    assert allowance.whole_cores(root) == max(1, int(expected))


@pytest.mark.parametrize(("files", "expected"), MEMORY.values(), ids=MEMORY.keys())
def test_memory(tmp_path: Path, files: dict[str, str], expected: int | None) -> None:
    """The limit in bytes, or none."""
    assert allowance.memory_bytes(_cgroup(tmp_path, files)) == expected
