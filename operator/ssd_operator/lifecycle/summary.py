"""What the stages mean as a whole: conditions, phase, and the columns that `kubectl get` prints."""

from __future__ import annotations

from ssd_jobs import contract
from ssd_operator.lifecycle import conditions, outcome, quota, reasons
from ssd_operator.lifecycle.conditions import ConditionUpdate
from ssd_operator.lifecycle.inputs import Inputs, JobView, stamp
from ssd_operator.lifecycle.reasons import Reason
from ssd_operator.lifecycle.rerunning import next_nonce
from ssd_operator.lifecycle.stage import ENDED, LIVE, has_unknown_phase, waits_for_collecting
from ssd_operator.lifecycle.stalling import stall
from ssd_operator.lifecycle.waiting import WaitReason, wait_reason
from ssd_operator.plan import Graph
from ssd_operator.spec import condition_types
from ssd_operator.spec.condition_types import ENDS
from ssd_operator.spec.model import ModelSource
from ssd_operator.spec.status import StageStatus, Status

__all__ = ["conclude", "settled"]

LONGEST_MODEL = 256


def conclude(moved: Status, graph: Graph, inputs: Inputs) -> Status:
    """Return the status with conditions and the columns that people see."""
    updates = _updates(moved, graph, inputs)
    merged = conditions.merge(moved, updates, now=inputs.now, generation=inputs.generation)
    live = [stage for stage in moved.stages if stage.phase in LIVE]
    shown = next((stage for stage in live if stage.phase == "Running"), live[0] if live else None)
    over = any(update.holds for update in updates if update.kind in ENDS)
    update = {
        "observed_generation": inputs.generation,
        "model": _model(inputs.place.spec.model.source),
        "stage": "" if shown is None else contract.STAGES[shown.kind].title,
        "progress": _progress(shown, moved, over=over),
        "claim_uid": inputs.place.claim_uid or moved.claim_uid,
        "restarts": sum(max(stage.attempt - 1, 0) for stage in moved.stages),
        "conditions": merged,
        "start_time": moved.start_time or (stamp(inputs.now) if live else None),
        "completion_time": stamp(inputs.now) if over else None,
    }
    concluded = moved.model_copy(update=update)
    deadline = None if over or inputs.suspended else inputs.deadline(concluded)
    final = concluded.model_copy(update={"deadline": None if deadline is None else stamp(deadline)})
    return conditions.derive(final)


def settled(was: Status, inputs: Inputs) -> Status:
    """Return the status of a run that has ended, as the newest spec finds it: only that one may still be wrong."""
    merged = conditions.merge(was, [_accepted(inputs, None)], now=inputs.now, generation=inputs.generation)
    current = tuple(each.model_copy(update={"observed_generation": inputs.generation}) for each in merged)
    return was.model_copy(update={"observed_generation": inputs.generation, "conditions": current})


def _updates(moved: Status, graph: Graph, inputs: Inputs) -> list[ConditionUpdate]:
    """Return what the five conditions say."""
    stages = moved.stages
    over = all(stage.phase in ENDED for stage in stages)
    lost = outcome.decisive(stages)
    succeeded, failed = over and lost is None, over and lost is not None
    late = any(stage.message == inputs.overdue for stage in outcome.failures(stages))
    message = _lost_message(lost, moved, late=late) if over and lost is not None else ""
    asked = reasons.ASKED if inputs.suspended else reasons.NOT_ASKED
    excess = quota.excess(graph, inputs) if inputs.planning else None
    return [
        _accepted(inputs, excess),
        _end(succeeded, _failure(failed, late), message) if over else _progressing(moved, inputs),
        ConditionUpdate(condition_types.SUSPENDED, inputs.suspended, asked, _suspended(inputs)),
        ConditionUpdate(condition_types.SUCCEEDED, succeeded, reasons.FINISHED if succeeded else reasons.NOT_FINISHED),
        ConditionUpdate(condition_types.FAILED, failed, _failure(failed, late), message),
    ]


def _lost_message(lost: StageStatus, moved: Status, *, late: bool) -> str:
    """Say why a run failed, and how it goes on from there."""
    first = "raise spec.deadline" if late else "correct that"
    again = f'{{from: {contract.STAGES[lost.kind].title}, nonce: "{next_nonce(moved.reruns.values())}"}}'
    return f"{lost.name}: {lost.message.rstrip('. ')}; {first}, then set spec.rerun to {again}"


def _accepted(inputs: Inputs, excess: quota.Excess | None) -> ConditionUpdate:
    if inputs.problem:
        return ConditionUpdate(condition_types.ACCEPTED, False, reasons.INVALID_SPEC, inputs.problem)
    if excess is not None:
        return ConditionUpdate(condition_types.ACCEPTED, False, excess.reason, excess.message)
    return ConditionUpdate(condition_types.ACCEPTED, True, reasons.VALID, "")


def _suspended(inputs: Inputs) -> str:
    return "set spec.suspend to false to go on" if inputs.suspended else ""


def _failure(failed: bool, late: bool) -> Reason:
    if not failed:
        return reasons.NOT_FAILED
    return reasons.DEADLINE_EXCEEDED if late else reasons.STAGE_FAILED


def _end(succeeded: bool, failure: Reason, message: str) -> ConditionUpdate:
    """Say how the run ended."""
    return ConditionUpdate(condition_types.PROGRESSING, False, reasons.FINISHED if succeeded else failure, message)


def _progressing(moved: Status, inputs: Inputs) -> ConditionUpdate:
    """Say what runs, or what is waited for."""
    if inputs.planning:
        return ConditionUpdate(condition_types.PROGRESSING, False, reasons.PLANNED, "set spec.mode to Run to start it")
    if inputs.suspended:
        return ConditionUpdate(condition_types.PROGRESSING, False, reasons.SUSPENDED, _suspended(inputs))
    live = [stage for stage in moved.stages if stage.phase in LIVE]
    waits = [(stage, wait) for stage in live if (wait := _wait_reason(stage, inputs))]
    if waits and not any(stage.phase == "Running" for stage in live):
        stage, wait = waits[0]
        return ConditionUpdate(condition_types.PROGRESSING, False, wait.reason, f"{stage.name}: {wait.message}")
    stalls = [(stage, found) for stage in live if (found := stall(stage, inputs))]
    if stalls:
        stage, found = stalls[0]
        return ConditionUpdate(condition_types.PROGRESSING, False, found.reason, f"{stage.name}: {found.message}")
    held = None if live else _held_up(moved, inputs)
    if held is not None:
        return ConditionUpdate(condition_types.PROGRESSING, False, held.reason, held.message)
    names = ", ".join(stage.name for stage in live)
    return ConditionUpdate(condition_types.PROGRESSING, True, reasons.STAGE_RUNNING, names)


def _held_up(moved: Status, inputs: Inputs) -> WaitReason | None:
    """Return the reason why no stage is begun, None where nothing keeps one."""
    if inputs.collecting:
        return WaitReason(reasons.COLLECTING, waits_for_collecting(inputs))
    unknown = next((stage for stage in moved.stages if has_unknown_phase(stage)), None)
    return None if unknown is None else WaitReason(reasons.UNKNOWN_PHASE, _unknown_phase(unknown))


def _unknown_phase(stage: StageStatus) -> str:
    return (
        f"{stage.name}: this version of the operator does not know the phase {stage.phase}: "
        "install the newer one again, or set spec.rerun to repeat the stage"
    )


def _wait_reason(stage: StageStatus, inputs: Inputs) -> WaitReason | None:
    """Return the reason why a stage does not run."""
    name = stage.jobs[0].name if stage.jobs else ""
    job = inputs.jobs.get(name)
    if job is None or job.end or job.deleting or name in inputs.refusals:
        silent = not stage.message or stage.phase != "Pending"
        return None if silent else WaitReason(_held_back(stage, job, inputs), stage.message)
    return wait_reason(job, inputs) if stage.retry_time is None else WaitReason(reasons.HALF_PLACED, stage.message)


def _held_back(stage: StageStatus, job: JobView | None, inputs: Inputs) -> Reason:
    """Return why a stage has no Job that could run: none may be made, none is due yet, or another is in the way."""
    refused = stage.jobs[0].name in inputs.refusals
    if stage.retry_time is not None:
        return reasons.HALF_PLACED
    if refused:
        return reasons.REFUSED
    return reasons.TEMPORARY if job is not None and job.end == "Failed" else reasons.WAITING


def _progress(shown: StageStatus | None, moved: Status, *, over: bool) -> str:
    """Return the printed column."""
    if over:
        return ""
    if shown is not None and shown.progress is not None:
        return shown.progress.text
    done = sum(stage.phase in ENDED for stage in moved.stages)
    return f"{done}/{len(moved.stages)} stages"


def _model(source: ModelSource) -> str:
    """Return the model's name, for the printed column; the end of a long path says more than its beginning."""
    if source.hugging_face is not None:
        return source.hugging_face.repo
    if source.export is not None:
        return source.export.path
    return (source.path or source.registry or source.builtin or "")[-LONGEST_MODEL:]
