"""What people are told: the difference of two statuses as events."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from ssd_operator.lifecycle.conditions import find
from ssd_operator.spec.status import StageStatus, Status

__all__ = ["Happening", "happenings"]

WARNINGS = frozenset({"StageFailed", "Failed", "NotAccepted", "Waiting", "StageSkipped", "StageRetried"})

KEPT = frozenset(
    {
        "ClaimNotFound",
        "ImagePull",
        "NoPods",
        "PodConfig",
        "PodSlow",
        "PodWaiting",
        "Queued",
        "Refused",
        "Temporary",
        "Unschedulable",
        "UnknownPhase",
    }
)
"""What a run may wait for that is worth an event."""


@dataclass(frozen=True)
class Happening:
    """One event, before it is written."""

    reason: str
    note: str

    @property
    def warning(self) -> bool:
        """Tell whether a person should look."""
        return self.reason in WARNINGS


def happenings(was: Status, now: Status) -> list[Happening]:
    """Return what happened between two statuses."""
    before = {each.name: each for each in was.stages}
    found = [each for stage in now.stages for each in _stage(before.get(stage.name), stage)]
    return found + list(_conditions(was, now))


def _stage(was: StageStatus | None, now: StageStatus) -> Iterator[Happening]:
    phase = was.phase if was else "Planned"
    attempt = was.attempt if was else 0
    if now.phase == "Pending" and now.attempt > max(attempt, 1):
        yield Happening("StageRetried", f"{now.name}, attempt {now.attempt}: {now.message}")
    elif now.phase == "Pending" and now.attempt != attempt:
        yield Happening("StageStarted", f"{now.name}: Job {now.jobs[0].name}")
    elif now.phase != phase and now.phase in ("Succeeded", "Failed", "Skipped", "Suspended"):
        yield Happening(f"Stage{now.phase}", f"{now.name}{': ' if now.message else ''}{now.message}")


def _conditions(was: Status, now: Status) -> Iterator[Happening]:
    for kind, reason in (("Succeeded", "Succeeded"), ("Failed", "Failed"), ("Suspended", "Suspended")):
        before, after = find(was, kind), find(now, kind)
        if after is not None and after.status == "True" and (before is None or before.status != "True"):
            yield Happening(reason, after.message or f"the run is {reason.lower()}")
    accepted, waits = find(now, "Accepted"), find(now, "Progressing")
    if accepted is not None and accepted.status == "False" and accepted != find(was, "Accepted"):
        yield Happening("NotAccepted", accepted.message)
    before = find(was, "Progressing")
    if waits is not None and waits.reason in KEPT and (before is None or before.reason != waits.reason):
        yield Happening("Waiting", f"{waits.reason}: {waits.message}")
