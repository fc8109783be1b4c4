"""Whether a running stage moves: since when it has been as far as it is, and from when on a person should look.

Only what a worker says itself counts. Shards are counted by their Job, and one may take hours without a word.
"""

from __future__ import annotations

from datetime import timedelta

from ssd_jobs import contract
from ssd_operator.lifecycle import reasons
from ssd_operator.lifecycle.inputs import Inputs, moment, stamp
from ssd_operator.lifecycle.waiting import WaitReason
from ssd_operator.spec.status import ProgressStatus, StageStatus

__all__ = ["is_asked", "seen_since", "stall"]


def is_asked(stage: StageStatus) -> bool:
    """Tell whether a stage's pod says how far it is: some serve nothing, and shards are counted by their Job."""
    counted = stage.progress is not None and stage.progress.unit == "shards"
    return not counted and contract.STAGES[stage.kind].tells_progress


def seen_since(was: ProgressStatus | None, now: ProgressStatus | None, inputs: Inputs) -> ProgressStatus | None:
    """Return the progress of a stage with the time since when it is so far."""
    if now is None:
        return None
    same = was is not None and (was.unit, was.done, was.total) == (now.unit, now.done, now.total)
    since = was.since if same and was is not None else None
    return now.model_copy(update={"since": since or stamp(inputs.now)})


def stall(stage: StageStatus, inputs: Inputs) -> WaitReason | None:
    """Return what is to be said of a running stage that has stood still for too long, None while it moves."""
    progress, longest = stage.progress, inputs.place.settings.stalled_s
    if stage.phase != "Running" or progress is None or progress.since is None or not longest or not is_asked(stage):
        return None
    if inputs.now - moment(progress.since) < timedelta(seconds=longest):
        return None
    job = stage.jobs[0].name
    message = (
        f"{progress.text} since {progress.since}: kubectl logs job/{job} says what it "
        f"does; kubectl delete job {job} starts the stage again, from what it has written"
    )
    return WaitReason(reasons.NO_PROGRESS, message)
