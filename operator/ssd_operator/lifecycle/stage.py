"""One stage, one step: from where it stood and what is seen to where it stands.

A stage that has ended stays ended as long as its key is the same. An attempt is an intent first (a name without a
uid), which is written down before the Job is made; the uid is recorded once Job and config stand.

A phase that only a newer operator knows is kept, and nothing is started for it. It becomes a phase of ours when the
stage's Job shows which.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any

from ssd_jobs import contract
from ssd_operator.lifecycle import job_end, retry
from ssd_operator.lifecycle.gang import gives_back, released
from ssd_operator.lifecycle.inputs import Inputs, JobView, PodView, moment, stamp
from ssd_operator.lifecycle.results import chosen, result_of, sized
from ssd_operator.lifecycle.stalling import seen_since, stall
from ssd_operator.lifecycle.waiting import is_kept, is_lost, wait_reason
from ssd_operator.plan import Node
from ssd_operator.spec.status import STAGE_PHASES, ArtifactStatus, JobReference, ProgressStatus, StageStatus

__all__ = ["ENDED", "LIVE", "backoff_end", "has_unknown_phase", "is_watched", "step", "waits_for_collecting"]

ENDED = frozenset({"Succeeded", "Failed", "Skipped"})
LIVE = frozenset({"Pending", "Running", "Suspended"})
RETRIED = "goes on from its newest checkpoint: not all of its pods had a node"


def step(node: Node, was: StageStatus, inputs: Inputs, phases: Mapping[str, str]) -> StageStatus:
    """Return where the stage stands now."""
    begun = was.phase != "Planned" or was.attempt > 0
    if begun and (node.provisional or was.key != node.key):
        was = StageStatus(name=node.name, kind=node.kind, phase="Planned")
    if was.phase in ENDED:
        return was
    if was.phase == "Planned":
        return _begin(node, was, inputs, phases)
    return _recognise(node, was, inputs) if has_unknown_phase(was) else _follow(node, was, inputs)


def has_unknown_phase(stage: StageStatus) -> bool:
    """Tell whether a stage is in a phase that only a newer operator knows."""
    return stage.phase not in STAGE_PHASES


def is_watched(stage: StageStatus) -> bool:
    """Tell whether the Job of a stage says something about it."""
    return stage.phase in LIVE or (has_unknown_phase(stage) and len(stage.jobs) == 1)


def _begin(node: Node, was: StageStatus, inputs: Inputs, phases: Mapping[str, str]) -> StageStatus:
    """Start, skip or keep waiting a stage that was not begun."""
    planned = was.model_copy(
        update={
            "key": "" if node.provisional else node.key,
            "message": "its key is known after prepare" if node.provisional else "",
        }
    )
    if inputs.planning:
        cached = "Recorded" if node.key in inputs.recorded else "Unknown"
        return planned.model_copy(update={"cached": "" if node.provisional else cached})
    upstream = {name: phases[name] for name in node.upstream}
    if any(phase not in ENDED for phase in upstream.values()):
        return planned
    lost = sorted(name for name, phase in upstream.items() if phase != "Succeeded")
    if node.skipped_without(lost):
        return _end(planned, "Skipped", f"{lost[0]} did not finish", inputs)
    if node.provisional or inputs.suspended:
        return planned
    if inputs.collecting:
        return planned.model_copy(update={"message": waits_for_collecting(inputs)})
    return _attempt(node, planned, inputs, "")


def waits_for_collecting(inputs: Inputs) -> str:
    """Say why no stage begins: what it would find on the claim may be on its way out."""
    return f"waits until Job {inputs.collecting} has removed what nothing names on claim {inputs.place.claim}"


def _attempt(node: Node, was: StageStatus, inputs: Inputs, message: str, *, failures: int = 0) -> StageStatus:
    """Return the intent to make the Job of the next attempt, under a name that no earlier failure has."""
    attempt = was.attempt + 1
    while _has_failed(inputs.jobs.get(inputs.job_name(node, attempt))):
        attempt += 1
    return was.model_copy(
        update={
            "phase": "Pending",
            "cached": "",
            "attempt": attempt,
            "failures": failures,
            "jobs": (JobReference(name=inputs.job_name(node, attempt)),),
            "message": message,
            "progress": None,
            "start_time": was.start_time or stamp(inputs.now),
            "retry_time": None,
        }
    )


def _has_failed(job: JobView | None) -> bool:
    """Tell whether a Job failed before anyone intended it: it is what is left of an earlier run of the same recipe."""
    return job is not None and job.end == "Failed"


def _recognise(node: Node, was: StageStatus, inputs: Inputs) -> StageStatus:
    """Return the stage in a phase of ours when its Job proves one: that it is at work, or complete.

    All else stays as it is. Another attempt, or an end without a result, may contradict what the newer operator meant.
    """
    job = inputs.jobs.get(was.jobs[0].name) if is_watched(was) else None
    if job is None or job.key != node.key or job.deleting or job.end == "Failed" or _is_stopped(job):
        return was
    now = _follow(node, was, inputs)
    return now if now.attempt == was.attempt and now.phase != "Failed" else was


def _is_stopped(job: JobView) -> bool:
    """Tell whether somebody stopped a Job, rather than its queue."""
    return job.suspended and not job.queue and not job.end


def _follow(node: Node, was: StageStatus, inputs: Inputs) -> StageStatus:
    """Follow the Job of the current attempt."""
    [reference] = was.jobs
    job = inputs.jobs.get(reference.name)
    if job is None:
        return _without_job(node, was, inputs)
    if job.key != node.key:
        return _pending(was, f"Job {job.name} belongs to something else: delete it, or use another claim")
    if not reference.uid or job.deleting:
        return _adopt(node, was, job, inputs)
    if job.end:
        return _complete(node, was, job, inputs) if job.end == "Complete" else _failed(node, was, job, inputs)
    return _rest(was, inputs, "") if inputs.suspended else _live(node, was, job, inputs)


def _live(node: Node, was: StageStatus, job: JobView, inputs: Inputs) -> StageStatus:
    """Follow a Job that goes on, unless it is a gang that holds nodes for nothing."""
    if was.retry_time is not None:
        return was
    return released(node, was, job, inputs) if gives_back(node, job, inputs) else _running(node, was, job, inputs)


def _without_job(node: Node, was: StageStatus, inputs: Inputs) -> StageStatus:
    """The Job is not there: not made yet, stopped by us, or deleted by someone."""
    [reference] = was.jobs
    if inputs.suspended:
        return _rest(was, inputs, "")
    if reference.name not in inputs.absent:
        return _pending(was, inputs.refusals.get(reference.name, was.message))
    if was.retry_time is not None:
        is_due = inputs.now >= moment(was.retry_time)
        return _attempt(node, was, inputs, RETRIED, failures=was.failures) if is_due else _pending(was, was.message)
    message = "goes on" if was.phase == "Suspended" else f"Job {reference.name} was deleted by someone: started again"
    return _attempt(node, was, inputs, message, failures=was.failures)


def _adopt(node: Node, was: StageStatus, job: JobView, inputs: Inputs) -> StageStatus:
    """Record a Job that stands, ours or one that another resource made for the same artifact."""
    ours = any(owner.uid == inputs.uid for owner in job.owners)
    if job.end == "Failed" and not ours:
        return _attempt(node, was, inputs, "", failures=was.failures)
    if job.deleting:
        return _rest(was, inputs, was.message if was.retry_time else f"waits until Job {job.name} is gone")
    if inputs.made.get(job.name) == job.uid:
        reference = JobReference(name=job.name, uid=job.uid)
        return _follow(node, was.model_copy(update={"jobs": (reference,)}), inputs)
    return _rest(was, inputs, inputs.refusals.get(job.name, was.message))


def _running(node: Node, was: StageStatus, job: JobView, inputs: Inputs) -> StageStatus:
    """Say how far a live Job is, or what it waits for."""
    pods = inputs.pods.get(job.name, ())
    wait = wait_reason(job, inputs)
    shared = [owner.name for owner in job.owners if owner.uid != inputs.uid]
    message = wait.message if wait else f"shared with {', '.join(shared)}" if shared else ""
    runs = _is_at_work(node, pods, inputs, was_running=was.phase == "Running" and wait is None)
    progress = inputs.progress.get(node.name) or _shards(node, was, job)
    update: dict[str, Any] = {"phase": "Running" if runs and not job.suspended else "Pending", "message": message}
    now = was.model_copy(update={**update, "progress": seen_since(was.progress, progress, inputs)})
    stalled = stall(now, inputs)
    return now if stalled is None else now.model_copy(update={"message": stalled.message})


def _is_at_work(node: Node, pods: Sequence[PodView], inputs: Inputs, *, was_running: bool) -> bool:
    """Tell whether pods of a Job work; those of a gang wait for one that is lost or has no node.

    Between two pods of a Job that runs, and with nothing in the way of the next one, it is still at work.
    """
    now = inputs.now
    held = [pod for pod in pods if is_lost(pod, now) or is_kept(pod, now) or (node.is_gang and pod.unschedulable)]
    works = any(pod.phase == "Running" and pod not in held for pod in pods)
    return works and not node.is_gang if held else works or was_running


def _shards(node: Node, was: StageStatus, job: JobView) -> ProgressStatus | None:
    """Return how many shards are finished; a single pod's progress is what it says itself."""
    if node.tasks == 1 or node.is_gang:
        return was.progress
    return ProgressStatus(unit="shards", done=job.succeeded, total=job.completions)


def _complete(node: Node, was: StageStatus, job: JobView, inputs: Inputs) -> StageStatus:
    """Finish a stage; where a result is needed and lost, the stage runs again and finds its directory complete."""
    result = result_of(inputs.pods.get(job.name, ()))
    if node.row.needs_result and not isinstance(result, node.row.result):
        return _again(node, was, job, job_end.End("Counted", f"the result of Job {job.name} was lost"), inputs)
    digest, message = "", ""
    if isinstance(result, contract.StageDone | contract.SelectResult):
        digest, message = (result.digest, result.message) if node.tasks == 1 else ("", "")
    if isinstance(result, contract.ReportResult):
        digest = result.digest
    if isinstance(result, contract.PrepareResult) and result.size is not None:
        message = str(result.size)
    done = was.model_copy(
        update={
            "artifact": None if node.selection else ArtifactStatus(path=node.artifacts[0].path, digest=digest),
            "choice": chosen(result) if isinstance(result, contract.SelectResult) else None,
            "digests": dict(result.digests) if isinstance(result, contract.PrepareResult) else {},
            "model": sized(result) if isinstance(result, contract.PrepareResult) else None,
            "progress": None if was.progress is None else _full(was.progress),
        }
    )
    return _end(done, "Succeeded", message, inputs)


def _full(progress: ProgressStatus) -> ProgressStatus:
    return progress.model_copy(update={"done": progress.total})


def _failed(node: Node, was: StageStatus, job: JobView, inputs: Inputs) -> StageStatus:
    """Give up, or try again, as the retry table says; a sharded Job has tried again already."""
    pods = inputs.pods.get(job.name, ())
    if not node.is_gang:
        return _end(was, "Failed", job_end.sharded(job, pods), inputs)
    return _again(node, was, job, job_end.gang(job, pods), inputs)


def _again(node: Node, was: StageStatus, job: JobView, end: job_end.End, inputs: Inputs) -> StageStatus:
    """Make the next attempt when it is due, unless there is to be none."""
    limit = node.most_failures(inputs.place.spec)
    follows = retry.after(end.kind, node.row.retry, limit=limit, failures=was.failures, attempt=was.attempt)
    if not follows.again:
        return _end(was.model_copy(update={"failures": follows.failures}), "Failed", end.message, inputs)
    if inputs.suspended:
        return _rest(was, inputs, end.message)
    due = moment(job.ended_at) + timedelta(seconds=follows.wait_s)
    if follows.wait_s and inputs.now < due:
        return _pending(was, f"tries again at {stamp(due)}: {end.message}")
    counted = follows.failures > was.failures
    begins = f"attempt {was.attempt} failed" if counted else "goes on from its newest checkpoint"
    return _attempt(node, was, inputs, f"{begins}: {end.message}", failures=follows.failures)


def backoff_end(was: StageStatus, job: JobView) -> datetime:
    """Return when an attempt that does not count is followed by the next one: later each time."""
    waits = contract.STAGES[was.kind].retry
    follows = retry.after("Temporary", waits, limit=0, failures=was.failures, attempt=was.attempt)
    return moment(job.ended_at) + timedelta(seconds=follows.wait_s)


def _rest(was: StageStatus, inputs: Inputs, message: str) -> StageStatus:
    """Return the stage suspended when the resource is, else waiting."""
    if not inputs.suspended:
        return _pending(was, message)
    name = was.jobs[0].name
    other = inputs.wanted.get(name, "")
    message = f"runs on for {other}, which wants it too" if other and name in inputs.jobs else message
    return was.model_copy(update={"phase": "Suspended", "message": message})


def _pending(was: StageStatus, message: str) -> StageStatus:
    return was.model_copy(update={"phase": "Pending", "message": message})


def _end(was: StageStatus, phase: str, message: str, inputs: Inputs) -> StageStatus:
    end = {"phase": phase, "message": message, "completion_time": stamp(inputs.now), "retry_time": None}
    return was.model_copy(update=end)
