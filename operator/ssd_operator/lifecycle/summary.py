"""What the stages mean as a whole: conditions, phase, and the columns that `kubectl get` prints."""

from __future__ import annotations

from ssd_jobs import contract
from ssd_operator.lifecycle import conditions, outcome, quota
from ssd_operator.lifecycle.conditions import Claim
from ssd_operator.lifecycle.inputs import Scene, stamp
from ssd_operator.lifecycle.stage import ENDED, LIVE, has_unknown_phase
from ssd_operator.lifecycle.waiting import Why, why
from ssd_operator.plan import Graph
from ssd_operator.spec.model import ModelSource
from ssd_operator.spec.status import StageStatus, Status

__all__ = ["conclude", "settled"]

LONGEST_MODEL = 256


def conclude(moved: Status, graph: Graph, scene: Scene) -> Status:
    """Return the status with conditions and the columns that people see."""
    claims = _claims(moved, graph, scene)
    found = conditions.merge(moved, claims, now=scene.now, generation=scene.generation)
    live = [stage for stage in moved.stages if stage.phase in LIVE]
    shown = next((stage for stage in live if stage.phase == "Running"), live[0] if live else None)
    over = any(claim.holds for claim in claims if claim.kind in ("Succeeded", "Failed"))
    update = {
        "observed_generation": scene.generation,
        "model": _model(scene.place.spec.model.source),
        "stage": "" if shown is None else contract.STAGES[shown.kind].title,
        "progress": _progress(shown, moved, over=over),
        "conditions": found,
        "start_time": moved.start_time or (stamp(scene.now) if live else None),
        "completion_time": stamp(scene.now) if over else None,
    }
    return conditions.derive(moved.model_copy(update=update))


def settled(was: Status, scene: Scene) -> Status:
    """Return the status of a run that has ended, as the newest spec finds it: only that one may still be wrong."""
    found = conditions.merge(was, [_accepted(scene, None)], now=scene.now, generation=scene.generation)
    current = tuple(each.model_copy(update={"observed_generation": scene.generation}) for each in found)
    return was.model_copy(update={"observed_generation": scene.generation, "conditions": current})


def _claims(moved: Status, graph: Graph, scene: Scene) -> list[Claim]:
    """Return what the five conditions say."""
    stages = moved.stages
    over = all(stage.phase in ENDED for stage in stages)
    lost = outcome.decisive(stages)
    words = f"{lost.name}: {lost.message}" if lost else ""
    late = any(stage.message == scene.overdue for stage in outcome.failures(stages))
    excess = quota.excess(graph, scene) if scene.planning else None
    return [
        _accepted(scene, excess),
        _progressing(moved, scene, over=over),
        Claim("Suspended", scene.suspended, "Asked" if scene.suspended else "NotAsked", _suspended(scene)),
        Claim("Succeeded", over and not lost, "Finished" if over and not lost else "NotFinished", ""),
        Claim("Failed", over and bool(lost), _failure(over and bool(lost), late), words if over else ""),
    ]


def _accepted(scene: Scene, excess: str | None) -> Claim:
    if scene.problem:
        return Claim("Accepted", False, "InvalidSpec", scene.problem)
    return Claim("Accepted", excess is None, "ExceedsQuota" if excess else "Valid", excess or "")


def _suspended(scene: Scene) -> str:
    return "set spec.suspend to false to go on" if scene.suspended else ""


def _failure(failed: bool, late: bool) -> str:
    if not failed:
        return "NotFailed"
    return "DeadlineExceeded" if late else "StageFailed"


def _progressing(moved: Status, scene: Scene, *, over: bool) -> Claim:
    """Say what runs, or what is waited for."""
    if over:
        return Claim("Progressing", False, "Finished")
    if scene.planning:
        return Claim("Progressing", False, "Planned", "set spec.mode to Run to start it")
    if scene.suspended:
        return Claim("Progressing", False, "Suspended", _suspended(scene))
    live = [stage for stage in moved.stages if stage.phase in LIVE]
    waits = [(stage, reason) for stage in live if (reason := _why(stage, scene))]
    if waits and not any(stage.phase == "Running" for stage in live):
        stage, reason = waits[0]
        return Claim("Progressing", False, reason.reason, f"{stage.name}: {reason.message}")
    unknown = [stage for stage in moved.stages if has_unknown_phase(stage)]
    if unknown and not live:
        return Claim("Progressing", False, "UnknownPhase", _unknown_phase(unknown[0]))
    names = ", ".join(stage.name for stage in live)
    return Claim("Progressing", True, "StageRunning", names)


def _unknown_phase(stage: StageStatus) -> str:
    return (
        f"{stage.name}: this version of the operator does not know the phase {stage.phase}: "
        "install the newer one again, or set spec.rerun to repeat the stage"
    )


def _why(stage: StageStatus, scene: Scene) -> Why | None:
    """Return what keeps a stage."""
    job = scene.jobs.get(stage.jobs[0].name) if stage.jobs else None
    if job is None or job.end or job.deleting or job.name in scene.refusals:
        return Why("Waiting", stage.message) if stage.message and stage.phase == "Pending" else None
    return why(job, scene.pods.get(job.name, ()), scene.queued.get(job.name, ""), now=scene.now)


def _progress(shown: StageStatus | None, moved: Status, *, over: bool) -> str:
    """Return the printed column."""
    if over:
        return ""
    if shown is not None and shown.progress is not None:
        return f"{shown.progress.done}/{shown.progress.total} {shown.progress.unit}"
    done = sum(stage.phase in ENDED for stage in moved.stages)
    return f"{done}/{len(moved.stages)} stages"


def _model(source: ModelSource) -> str:
    """Return the model's name, for the printed column; the end of a long path says more than its beginning."""
    if source.hugging_face is not None:
        return source.hugging_face.repo
    return (source.path or source.registry or source.builtin or "")[-LONGEST_MODEL:]
