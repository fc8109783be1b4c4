"""The whole status: every stage one step further, until nothing moves any more, then what that means.

Pure and level-triggered: the same status and the same inputs give the same answer, however often they are asked and
whatever happened in between. What must be done follows from the answer (see `actions_for`), never from an event.
"""

from __future__ import annotations

from datetime import datetime

from ssd_jobs import contract
from ssd_operator import plan
from ssd_operator.lifecycle import conditions, reasons, summary
from ssd_operator.lifecycle.conditions import ConditionUpdate
from ssd_operator.lifecycle.inputs import Inputs, moment, stamp
from ssd_operator.lifecycle.planning import Planner
from ssd_operator.lifecycle.reasons import Reason
from ssd_operator.lifecycle.results import reported, result_of
from ssd_operator.lifecycle.stage import ENDED, step
from ssd_operator.manifests import Place
from ssd_operator.plan import Graph
from ssd_operator.spec import condition_types
from ssd_operator.spec.condition_types import ENDS
from ssd_operator.spec.status import StageStatus, Status

__all__ = ["advance", "hold", "is_over", "reopen", "with_kinds"]


def advance(was: Status, inputs: Inputs, planner: Planner) -> Status:
    """Return the status that follows from the old one and these inputs."""
    if is_over(was):
        return summary.settled(was, inputs)
    moved = _move(_remember_rerun(_count_suspension(was, inputs), inputs), inputs, planner)
    return summary.conclude(moved, planner.graph(moved, inputs), inputs)


def with_kinds(was: Status, place: Place, *, name: str, uid: str) -> Status:
    """Return the status with a kind for each stage: a status of an earlier version has none, the graph knows it."""
    if all(each.kind in contract.STAGES for each in was.stages):
        return was
    graph = plan.build(place.spec, plan.Surroundings(name=name, uid=uid, digests={}), place.platform())
    kinds = {node.name: node.kind for node in graph}
    known = (each for each in was.stages if each.name in kinds)
    return was.model_copy(update={"stages": tuple(_of_kind(each, kinds[each.name]) for each in known)})


def _of_kind(stage: StageStatus, kind: str) -> StageStatus:
    return stage.model_copy(update={"kind": kind})


def is_over(status: Status) -> bool:
    """Tell whether the run has ended; only a new nonce or another promotion leaves that state."""
    ended = conditions.holds(status, condition_types.SUCCEEDED) or conditions.holds(status, condition_types.FAILED)
    return ended or status.completion_time is not None  # a newer operator may have another word for an end


def reopen(was: Status) -> Status:
    """Return the status of a run that shall go on after its end: what failed may be tried again."""
    stages = tuple(
        each.model_copy(update={"phase": "Planned", "message": "", "completion_time": None, "failures": 0})
        if each.phase in ("Failed", "Skipped")
        else each
        for each in was.stages
    )
    kept = tuple(each for each in was.conditions if each.type not in ENDS)
    update = {"stages": stages, "conditions": kept, "start_time": None, "suspended_seconds": 0}
    return was.model_copy(update={**update, "completion_time": None})


def hold(was: Status, *, reason: Reason, message: str, accepted: bool, now: datetime, generation: int) -> Status:
    """Return the status of a resource that cannot be carried out as things are.

    A run that has begun keeps the generation of its spec in force: a change since then is read once it can go on.
    """
    updates = [
        ConditionUpdate(
            condition_types.ACCEPTED, accepted, reasons.VALID if accepted else reason, "" if accepted else message
        ),
        ConditionUpdate(condition_types.PROGRESSING, False, reason, message),
    ]
    merged = conditions.merge(was, updates, now=now, generation=generation)
    observed = was.observed_generation if accepted and was.resolved_spec is not None else generation
    return conditions.derive(was.model_copy(update={"conditions": merged, "observed_generation": observed}))


def _move(was: Status, inputs: Inputs, planner: Planner) -> Status:
    """Move every stage as far as it goes: a stage's end may give the next ones their keys."""
    late = _is_late(was, inputs)
    while True:
        graph = planner.graph(was, inputs)
        known = {each.name: each for each in was.stages}
        stages: list[StageStatus] = []
        for node in graph:
            before = known.get(node.name, StageStatus(name=node.name, kind=node.kind, phase="Planned"))
            phases = {each.name: each.phase for each in stages}
            after = _give_up(before, inputs) if late else step(node, before, inputs, phases)
            stages.append(after)
            known[node.name] = after
        now = was.model_copy(update={"stages": tuple(stages), **_reported(stages, graph, was, inputs)})
        if now == was:
            return now
        was = now


def _give_up(stage: StageStatus, inputs: Inputs) -> StageStatus:
    """End a stage at the deadline."""
    if stage.phase in ENDED:
        return stage
    begun = stage.phase != "Planned"
    update = {
        "phase": "Failed" if begun else "Skipped",
        "message": inputs.overdue,
        "completion_time": stamp(inputs.now),
    }
    return stage.model_copy(update=update)


def _reported(stages: list[StageStatus], graph: Graph, was: Status, inputs: Inputs) -> dict[str, object]:
    """Return results, promotion and tracking once the report has ended."""
    [node] = graph.of(contract.ReportConfig)
    report = next(each for each in stages if each.name == node.name)
    before = next((each for each in was.stages if each.name == node.name), None)
    if report.phase != "Succeeded" or (before is not None and before == report):
        return {}
    result = result_of(inputs.pods.get(report.jobs[0].name, ()))
    return reported(result) if isinstance(result, contract.ReportResult) else {}


def _is_late(status: Status, inputs: Inputs) -> bool:
    deadline = inputs.deadline(status)
    return not inputs.suspended and deadline is not None and inputs.now > deadline


def _remember_rerun(was: Status, inputs: Inputs) -> Status:
    """Note the nonce that is asked for: the next `rerun`, from another stage, keeps what this one makes."""
    if inputs.planning:
        return was
    return was.model_copy(update={"reruns": inputs.place.spec.rerun.added_to(was.reruns)})


def _count_suspension(was: Status, inputs: Inputs) -> Status:
    """Add the time of a suspension that is over; before the run's first Job no time counts anyway."""
    suspension = conditions.find(was, condition_types.SUSPENDED)
    counts = was.start_time is not None and not inputs.suspended
    if not counts or suspension is None or suspension.status != "True" or suspension.last_transition_time is None:
        return was
    seconds = int((inputs.now - moment(suspension.last_transition_time)).total_seconds())
    return was.model_copy(update={"suspended_seconds": was.suspended_seconds + max(seconds, 0)})
