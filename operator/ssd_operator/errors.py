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
from collections.abc import Iterable
from dataclasses import dataclass
from typing import ClassVar

__all__ = ["Busy", "InvalidDocument", "InvalidInput", "InvalidSpec", "NoSpace", "Problem", "SsdError"]


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
        """Join place and reason as the API server does."""
        return f"{self.path}: {self.message}" if self.path else self.message


class InvalidSpec(SsdError):
    """The resource is readable, and what it asks for is not possible."""

    exit_code: ClassVar[int] = 64

    def __init__(self, problems: Iterable[Problem]) -> None:
        self.problems: tuple[Problem, ...] = tuple(sorted(set(problems)))
        super().__init__("; ".join(map(str, self.problems)))


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
