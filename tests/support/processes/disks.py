"""Disks of a few megabytes, to be full soon."""

import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

__all__ = ["make_read_only", "small"]


@contextmanager
def small(mount: Path, *, megabytes: int) -> Iterator[Path]:
    """Make the directory `mount` a file system of this size for as long as the context lasts."""
    mount.mkdir()
    if subprocess.run(["mount", "-t", "tmpfs", "-o", f"size={megabytes}m", "tmpfs", mount], check=False).returncode:
        pytest.fail("this test mounts a small tmpfs: run it as root")
    try:
        yield mount
    finally:
        subprocess.run(["umount", "--lazy", mount], check=True)


def make_read_only(mount: Path) -> None:
    """Have a disk refuse every write from now on."""
    subprocess.run(["mount", "-o", "remount,ro", mount], check=True)
