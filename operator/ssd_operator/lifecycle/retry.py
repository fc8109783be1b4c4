"""When an attempt is followed by another: the one retry table of both runners.

A process says by its exit code how it ended, and a cluster by a disruption. What the user must change first is never
tried again. What the stage did wrong counts, up to its limit. What happened outside does not count: it is tried
until the run's deadline, later and later. A sharded Job's own retries are Kubernetes', by the same codes and limit.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Literal

from ssd_jobs.contract import ExitCode, Retry

__all__ = ["EndKind", "Next", "after", "end_of", "gravest"]

EndKind = Literal["BadInput", "Disrupted", "Counted", "Temporary", "Done"]
"""How one process ended."""
GRAVEST_FIRST: tuple[EndKind, ...] = ("BadInput", "Disrupted", "Counted", "Temporary", "Done")
"""A gang ends as its gravest member did; the pods that a disruption leaves alone fail because of it."""


@dataclass(frozen=True)
class Next:
    """What follows an attempt that did not succeed."""

    again: bool
    failures: int
    """Those that count, with this one."""
    wait_s: int = 0
    """Seconds between the end of this attempt and the next one."""


def end_of(code: int | None) -> EndKind:
    """Return what an exit code means; None is a process that left none, such as one on a lost node."""
    known: dict[int, EndKind] = {ExitCode.OK: "Done", ExitCode.BAD_INPUT: "BadInput", ExitCode.TEMPORARY: "Temporary"}
    return "Counted" if code is None else known.get(code, "Counted")


def gravest(ends: Iterable[EndKind]) -> EndKind:
    """Return the end of a gang whose members ended like this; nothing known is a failure that counts."""
    return min(ends, key=GRAVEST_FIRST.index, default="Counted")


def after(end: EndKind, retry: Retry, *, limit: int, failures: int, attempt: int) -> Next:
    """Return what follows attempt number `attempt`, of which `failures` so far counted."""
    if end == "BadInput":
        return Next(again=False, failures=failures)
    if end == "Counted":
        return Next(again=failures + 1 < limit, failures=failures + 1)
    return Next(again=True, failures=failures, wait_s=retry.wait_s(attempt - failures))
