"""The actions that make the cluster match the status: always derived from the whole of both, never from an event.

Every action is harmless when it is done twice, and is asked for again until its effect is seen.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from ssd_operator.lifecycle.inputs import Inputs, JobView
from ssd_operator.lifecycle.stage import LIVE, has_unknown_phase
from ssd_operator.plan import Graph, Node
from ssd_operator.spec.status import StageStatus, Status

__all__ = ["Action", "CreateJob", "DeleteJob", "DisownJob", "ResumeJob", "SuspendJob", "actions_for"]


@dataclass(frozen=True)
class CreateJob:
    """Make the Job of an attempt and what it needs, or join the one that another resource made."""

    node: Node
    attempt: int
    name: str


@dataclass(frozen=True)
class SuspendJob:
    """Suspend a Job whose finished shards are kept."""

    job: JobView


@dataclass(frozen=True)
class ResumeJob:
    """Let a Job that we suspended go on."""

    job: JobView


@dataclass(frozen=True)
class DeleteJob:
    """Delete a Job that nobody wants, its pods first."""

    job: JobView


@dataclass(frozen=True)
class DisownJob:
    """Stop owning a Job that another resource wants."""

    job: JobView


Action = CreateJob | SuspendJob | ResumeJob | DeleteJob | DisownJob


def actions_for(status: Status, graph: Graph, inputs: Inputs) -> list[Action]:
    """Return what is to be done, given the status as it has been written."""
    actions: list[Action] = []
    current: set[str] = set()
    for stage in status.stages:
        if has_unknown_phase(stage):
            current.update(job.name for job in stage.jobs)
        if stage.phase in LIVE:
            current.add(stage.jobs[0].name)
            actions.extend(_for_stage(stage, graph[stage.name], inputs))
    return actions + list(_for_unwanted(current, inputs))


def _for_stage(stage: StageStatus, node: Node, inputs: Inputs) -> Iterator[Action]:
    [reference] = stage.jobs
    job = inputs.jobs.get(reference.name)
    if stage.phase == "Suspended":
        yield from _suspend(node, job, inputs)
    elif stage.retry_time is not None:
        if job is not None and not job.end and not job.deleting:
            yield DeleteJob(job)
    elif not reference.uid:
        ready = job is not None and inputs.made.get(job.name) == job.uid
        if job is None or (job.key == node.key and not job.deleting and not ready):
            yield CreateJob(node, stage.attempt, reference.name)
    elif job is not None and job.suspended and not job.queue and not job.end and not job.deleting:
        yield ResumeJob(job)


def _suspend(node: Node, job: JobView | None, inputs: Inputs) -> Iterator[Action]:
    """Stop a stage's Job unless someone else wants it; a gang or a queue's Job cannot be resumed and is made again."""
    if job is None or job.end or job.deleting or job.name in inputs.wanted or job not in inputs.owned():
        return
    if node.is_gang or job.queue:
        yield DeleteJob(job)
    elif not job.suspended:
        yield SuspendJob(job)


def _for_unwanted(current: set[str], inputs: Inputs) -> Iterator[Action]:
    """Let go of what runs for this resource and belongs to no stage of it any more."""
    for job in inputs.owned():
        if job.name in current or job.end or job.deleting:
            continue
        others = any(owner.uid != inputs.uid for owner in job.owners)
        yield DisownJob(job) if others else DeleteJob(job)
