"""What a running test uses, seen from outside: no rlimit holds CPU time exactly, and none counts threads."""

import time

__all__ = ["cpu_seconds", "threads"]

CPU_CLOCK = 2


def cpu_seconds(child: int) -> float:
    """Return the CPU time of a process from its own clock, whose number is made from its pid."""
    try:
        return time.clock_gettime((~child << 3) | CPU_CLOCK)
    except OSError:
        return 0.0


def threads(child: int) -> int:
    """Return how many threads a process has; no rlimit counts them per process."""
    try:
        with open(f"/proc/{child}/stat") as file:  # noqa: PTH123 - pathlib would make every fork slower
            return int(file.read().rpartition(")")[2].split()[17])
    except OSError:
        return 0
