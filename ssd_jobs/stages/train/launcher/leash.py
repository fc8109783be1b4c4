"""`python -m ssd_jobs.stages.train.launcher.leash PARENT ARGUMENTS…`: run python, and die with PARENT.

A worker takes seconds to import what it trains with, and torchrun's engine leaves nobody a word between fork and
exec. A worker whose launcher is killed meanwhile would go on alone, holding its GPU and writing checkpoints beside
those of the next attempt. So this small program comes first: what it asks of the kernel survives exec.
"""

import ctypes
import os
import signal
import sys
from collections.abc import Sequence
from typing import NoReturn

__all__ = ["leashed"]

PR_SET_PDEATHSIG = 1
ORPHANED = 128 + signal.SIGKILL


def leashed(arguments: Sequence[str]) -> list[str]:
    """Return what Python runs, so that it dies with the thread of this process that starts it."""
    return ["-m", "ssd_jobs.stages.train.launcher.leash", str(os.getpid()), *arguments]


def main(parent: int, arguments: Sequence[str]) -> NoReturn:
    """Tie this process to its parent and become the program; end when the parent is gone already."""
    if ctypes.CDLL(None, use_errno=True).prctl(PR_SET_PDEATHSIG, signal.SIGKILL) < 0:
        raise OSError(ctypes.get_errno(), "PR_SET_PDEATHSIG")
    if os.getppid() != parent:
        sys.exit(ORPHANED)
    os.execv(sys.executable, [sys.executable, *arguments])  # noqa: S606 - a list, never a shell


if __name__ == "__main__":
    main(int(sys.argv[1]), sys.argv[2:])
