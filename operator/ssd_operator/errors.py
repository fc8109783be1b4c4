"""The errors of the control side: each is one sentence that names the place.

    SsdError                  everything a user may read; never shown with a traceback
    ├── InvalidDocument       the file is not YAML, or not one resource: names file and line
    ├── InvalidSpec           a field is wrong: names the path to it, several fields at once if need be
    ├── InvalidInput          a command's argument or this machine cannot do it: names the option or the stage
    ├── Busy                  somebody else is at it: the same command works later
    └── NoSpace               the disk is full: the same command works later

A sentence says what is wrong, where, and what would be right. `exit_code` is what a command ends with.
"""

from __future__ import annotations

import errno
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import ClassVar

from ssd_jobs.contract.printable import printable

__all__ = ["Busy", "InvalidDocument", "InvalidInput", "InvalidSpec", "NoSpace", "Problem", "SsdError", "first"]

MOST_SHOWN = 20
"""Problems at once: who has more of them has one mistake."""
LONGEST_PATH = 240


class SsdError(Exception):
    """A failure a person is meant to read."""

    exit_code: ClassVar[int] = 1


class InvalidDocument(SsdError):
    """The text is not what kubectl would take for one resource."""

    exit_code: ClassVar[int] = 64


@dataclass(frozen=True, order=True)
class Problem:
    """One thing wrong with one field."""

    path: str
    """As Kubernetes writes it: `spec.evaluation.benchmarks[0].k`."""
    message: str

    def __str__(self) -> str:
        """Join place and reason as the API server does, on one line and without what steers a terminal."""
        path = self.path if len(self.path) <= LONGEST_PATH else f"{self.path[:LONGEST_PATH]}…"
        return printable(f"{path}: {self.message}" if path else self.message)


def first(sentences: Sequence[str]) -> list[str]:
    """Return as many sentences as a person reads, and how many more there are."""
    more = len(sentences) - MOST_SHOWN
    return [*sentences[:MOST_SHOWN], f"and {more} more"] if more > 0 else list(sentences)


class InvalidSpec(SsdError):
    """The resource is readable, and what it asks for is not possible."""

    exit_code: ClassVar[int] = 64

    def __init__(self, problems: Iterable[Problem]) -> None:
        self.problems: tuple[Problem, ...] = tuple(sorted(set(problems)))
        super().__init__("; ".join(first([str(problem) for problem in self.problems])))


class InvalidInput(SsdError):
    """What was asked for cannot be done here."""

    exit_code: ClassVar[int] = 64


class Busy(SsdError):
    """It cannot be done now."""

    exit_code: ClassVar[int] = 75


class NoSpace(SsdError):
    """It cannot be done until something is removed from the disk."""

    exit_code: ClassVar[int] = 75
    signs: ClassVar[frozenset[int | None]] = frozenset({errno.ENOSPC, errno.EDQUOT})
    """What the system calls it: a full disk, or a used-up quota."""
