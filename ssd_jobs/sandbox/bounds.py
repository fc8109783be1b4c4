"""What one test of a program may use: its limits, as the processes around it set and watch them."""

import functools
from dataclasses import dataclass

from ssd_jobs.sandbox.protocol import Kind, Limits, Mode, Terms

__all__ = ["MEGABYTE", "Bounds"]

MEGABYTE = 1024 * 1024
GRACE_SECONDS = 1.0


@dataclass(frozen=True, slots=True)
class Bounds:
    """The bounds of a program's tests; programs of one grading share them, and what is prepared for them."""

    memory: int
    """Address space: the limit of the program, and what the warm interpreter itself has mapped."""
    cpu: float
    wall: float
    files: int
    """How many descriptors a test has: its standard ones, and one to return an answer over."""
    file_bytes: int
    """One byte more than is accepted, so that too much can be told from just enough."""

    @classmethod
    def of(cls, terms: Terms, mapped: int) -> "Bounds":
        """Return the bounds of a program's tests in a process that has so many bytes mapped."""
        return _bounds(terms.limits, terms.mode, terms.kind, mapped)


@functools.lru_cache(maxsize=16)
def _bounds(limits: Limits, mode: Mode, kind: Kind, mapped: int) -> Bounds:
    memory, file_bytes = mapped + limits.memory_mb * MEGABYTE, limits.output_bytes + 1
    if mode == "LCB":
        # An in-process run has its own alarm for each of its two phases.
        cpu = 2 * limits.cpu_seconds + GRACE_SECONDS
        return Bounds(memory, cpu, cpu, 4, file_bytes)
    files = 3 if kind == "stdin" else 4
    return Bounds(memory, limits.cpu_seconds, limits.wall_seconds, files, file_bytes)
