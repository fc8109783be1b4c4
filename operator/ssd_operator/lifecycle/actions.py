"""What must be done so that the world matches the status: pure, and always derived from the whole, never from an event.

Every duty is harmless when it is done twice, and is asked for again until its effect is seen.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from ssd_operator.lifecycle.inputs import Scene
from ssd_operator.lifecycle.stage import LIVE, has_unknown_phase
from ssd_operator.lifecycle.views import JobView
from ssd_operator.plan import Graph, Node
from ssd_operator.spec.status import StageStatus, Status

__all__ = ["Duty", "Leave", "Make", "Remove", "Resume", "Stop", "duties"]


@dataclass(frozen=True)
class Make:
    """Make the Job of an attempt and what it needs, or join the one that another resource made."""

    node: Node
    attempt: int
    name: str


@dataclass(frozen=True)
class Stop:
    """Suspend a Job whose finished shards are kept."""

    job: JobView


@dataclass(frozen=True)
class Resume:
    """Let a Job that we suspended go on."""

    job: JobView


@dataclass(frozen=True)
class Remove:
    """Delete a Job that nobody wants, its pods first."""

    job: JobView


@dataclass(frozen=True)
class Leave:
    """Stop owning a Job that another resource wants."""

    job: JobView


Duty = Make | Stop | Resume | Remove | Leave


def duties(status: Status, graph: Graph, scene: Scene) -> list[Duty]:
    """Return what is to be done, given the status as it has been written."""
    found: list[Duty] = []
    current: set[str] = set()
    for stage in status.stages:
        if has_unknown_phase(stage):
            current.update(job.name for job in stage.jobs)
        if stage.phase in LIVE:
            current.add(stage.jobs[0].name)
            found.extend(_stage(stage, graph[stage.name], scene))
    return found + list(_unwanted(current, scene))


def _stage(stage: StageStatus, node: Node, scene: Scene) -> Iterator[Duty]:
    [reference] = stage.jobs
    job = scene.jobs.get(reference.name)
    if stage.phase == "Suspended":
        yield from _halt(node, job, scene)
    elif not reference.uid:
        ready = job is not None and scene.made.get(job.name) == job.uid
        if job is None or (job.key == node.key and not job.deleting and not ready):
            yield Make(node, stage.attempt, reference.name)
    elif job is not None and job.suspended and not job.queue and not job.end and not job.deleting:
        yield Resume(job)


def _halt(node: Node, job: JobView | None, scene: Scene) -> Iterator[Duty]:
    """Stop a stage's Job unless someone else wants it; a gang or a queue's Job cannot be resumed and is made again."""
    if job is None or job.end or job.deleting or job.name in scene.wanted or job not in scene.owned():
        return
    if node.is_gang or job.queue:
        yield Remove(job)
    elif not job.suspended:
        yield Stop(job)


def _unwanted(current: set[str], scene: Scene) -> Iterator[Duty]:
    """Let go of what runs for this resource and belongs to no stage of it any more."""
    for job in scene.owned():
        if job.name in current or job.end or job.deleting:
            continue
        others = any(owner.uid != scene.uid for owner in job.owners)
        yield Leave(job) if others else Remove(job)
