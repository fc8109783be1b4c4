"""The whole status: every stage one step further, until nothing moves any more, then what that means.

Pure and level-triggered: the same status and the same scene give the same answer, however often they are asked and
whatever happened in between. What must be done follows from the answer (see `duties`), never from an event.
"""

from __future__ import annotations

from datetime import datetime, timedelta

from ssd_jobs import contract
from ssd_operator import plan
from ssd_operator.lifecycle import conditions, outcome, summary
from ssd_operator.lifecycle.conditions import Claim
from ssd_operator.lifecycle.inputs import Scene, moment, stamp
from ssd_operator.lifecycle.results import reported, result_of
from ssd_operator.lifecycle.stage import ENDED, step
from ssd_operator.manifests import Place
from ssd_operator.plan import Graph
from ssd_operator.spec import scalars
from ssd_operator.spec.status import StageStatus, Status

__all__ = ["advance", "deadline", "graph_of", "hold", "is_over", "reopen", "with_kinds"]


def advance(was: Status, scene: Scene) -> Status:
    """Return the status that this scene means."""
    if is_over(was):
        return summary.settled(was, scene)
    moved = _move(_remember_rerun(_count_suspension(was, scene), scene), scene)
    return summary.conclude(moved, graph_of(moved, scene), scene)


def graph_of(status: Status, scene: Scene) -> Graph:
    """Return the plan, with what the status remembers of earlier stages."""
    around = plan.Surroundings(
        name=scene.name,
        uid=scene.uid,
        digests={part: digest for each in status.stages for part, digest in each.digests.items()},
        reruns=status.reruns,
        failed=outcome.for_report(status.stages),
    )
    return scene.planner.plan(around, scene.place)


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
    ended = conditions.holds(status, "Succeeded") or conditions.holds(status, "Failed")
    return ended or status.completion_time is not None  # a newer operator may have another word for an end


def reopen(was: Status) -> Status:
    """Return the status of a run that shall go on after its end: what failed may be tried again."""
    stages = tuple(
        each.model_copy(update={"phase": "Planned", "message": "", "completion_time": None, "failures": 0})
        if each.phase in ("Failed", "Skipped")
        else each
        for each in was.stages
    )
    kept = tuple(each for each in was.conditions if each.type not in ("Succeeded", "Failed"))
    update = {"stages": stages, "conditions": kept, "start_time": None, "suspended_seconds": 0}
    return was.model_copy(update={**update, "completion_time": None})


def hold(was: Status, *, reason: str, message: str, accepted: bool, now: datetime, generation: int) -> Status:
    """Return the status of a resource that cannot be carried out as things are."""
    claims = [
        Claim("Accepted", accepted, "Valid" if accepted else reason, "" if accepted else message),
        Claim("Progressing", False, reason, message),
    ]
    found = conditions.merge(was, claims, now=now, generation=generation)
    return conditions.derive(was.model_copy(update={"conditions": found, "observed_generation": generation}))


def _move(was: Status, scene: Scene) -> Status:
    """Move every stage as far as it goes: a stage's end may give the next ones their keys."""
    late = _is_late(was, scene)
    while True:
        graph = graph_of(was, scene)
        known = {each.name: each for each in was.stages}
        stages: list[StageStatus] = []
        for node in graph:
            before = known.get(node.name, StageStatus(name=node.name, kind=node.kind, phase="Planned"))
            phases = {each.name: each.phase for each in stages}
            after = _give_up(before, scene) if late else step(node, before, scene, phases)
            stages.append(after)
            known[node.name] = after
        now = was.model_copy(update={"stages": tuple(stages), **_reported(stages, graph, was, scene)})
        if now == was:
            return now
        was = now


def _give_up(stage: StageStatus, scene: Scene) -> StageStatus:
    """End a stage at the deadline."""
    if stage.phase in ENDED:
        return stage
    begun = stage.phase != "Planned"
    update = {"phase": "Failed" if begun else "Skipped", "message": scene.overdue, "completion_time": stamp(scene.now)}
    return stage.model_copy(update=update)


def _reported(stages: list[StageStatus], graph: Graph, was: Status, scene: Scene) -> dict[str, object]:
    """Return results, promotion and tracking once the report has said them."""
    [node] = graph.of(contract.ReportConfig)
    report = next(each for each in stages if each.name == node.name)
    before = next((each for each in was.stages if each.name == node.name), None)
    if report.phase != "Succeeded" or (before is not None and before == report):
        return {}
    result = result_of(scene.pods.get(report.jobs[0].name, ()))
    return reported(result) if isinstance(result, contract.ReportResult) else {}


def _is_late(status: Status, scene: Scene) -> bool:
    return not scene.suspended and status.start_time is not None and scene.now > deadline(status, scene)


def deadline(status: Status, scene: Scene) -> datetime:
    """Return the moment at which the run is given up, as things stand."""
    assert status.start_time is not None
    allowed = scalars.seconds(scene.place.spec.deadline) + status.suspended_seconds
    return moment(status.start_time) + timedelta(seconds=allowed)


def _remember_rerun(was: Status, scene: Scene) -> Status:
    """Note the nonce that is asked for: the next `rerun`, from another stage, keeps what this one makes."""
    if scene.planning:
        return was
    return was.model_copy(update={"reruns": scene.place.spec.rerun.added_to(was.reruns)})


def _count_suspension(was: Status, scene: Scene) -> Status:
    """Add the time of a suspension that is over; before the run's first Job no time counts anyway."""
    found = conditions.find(was, "Suspended")
    counts = was.start_time is not None and not scene.suspended
    if not counts or found is None or found.status != "True" or found.last_transition_time is None:
        return was
    seconds = int((scene.now - moment(found.last_transition_time)).total_seconds())
    return was.model_copy(update={"suspended_seconds": was.suspended_seconds + max(seconds, 0)})
