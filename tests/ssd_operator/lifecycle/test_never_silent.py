"""Nothing that keeps a run is silent: the phase is honest, the reason a word, and an event says what happened."""

from dataclasses import replace
from datetime import timedelta

import pytest

from cluster.model import Cluster
from ssd_operator.lifecycle import JobView, PodView, advance, events_between, hold, next_look, reasons, retry_in
from ssd_operator.lifecycle.conditions import find
from ssd_operator.lifecycle.inputs import stamp
from ssd_operator.spec.status import PromotionStatus, Status

NODE = "gpu-7"


def started(**sections: object) -> Cluster:
    """Return a run whose first stage has its Job."""
    cluster = Cluster(**sections)
    cluster.settle()
    return cluster


def until(cluster: Cluster, kind: str) -> JobView:
    """Let all Jobs before a stage of this kind end well, and return its Job."""
    while True:
        for job in cluster.live():
            if job.name.startswith(f"ssd-{kind}-"):
                return job
        for job in cluster.live():
            cluster.end(job.name)
        cluster.settle()


def at_work(job: JobView, index: int, **fields: object) -> PodView:
    """Return a pod that runs."""
    pod = PodView(
        namespace="lab", name=f"{job.name}-{index}", uid=f"pod-{index}", version=1, job=job.name, index=index,
        phase="Running", disrupted=False, exit_code=None, end_reason="", message="", waiting="", waiting_message="",
        unschedulable="", ip="", node=NODE,
    )  # fmt: skip
    return replace(pod, **fields)  # type: ignore[arg-type]


def progressing(status: Status) -> tuple[str, str, str]:
    """Return the condition Progressing as status, reason and message."""
    found = find(status, "Progressing")
    assert found is not None
    return found.status, found.reason, found.message


def words(was: Status, now: Status) -> list[str]:
    """Return the reasons of the events between two statuses."""
    return [each.reason.word for each in events_between(was, now)]


def test_a_pod_of_a_lost_node_is_named_with_what_helps() -> None:
    """A pod that must have ended and whose node does not say so keeps its stage, until the node is deleted."""
    cluster = started()
    job = until(cluster, "train")
    cluster.pods[job.name] = (at_work(job, 0),)
    cluster.decide()
    assert cluster.status.phase == "Running"
    cluster.pods[job.name] = (at_work(job, 0, ends_at=stamp(cluster.now + timedelta(seconds=30))),)
    cluster.forward(85)
    cluster.decide()
    assert progressing(cluster.status)[:2] == ("True", "StageRunning")
    assert next_look(cluster.status, cluster.inputs()) == pytest.approx(5, abs=1)
    before = cluster.status
    cluster.forward(6)
    cluster.decide()
    status, reason, message = progressing(cluster.status)
    assert (status, reason, cluster.status.phase) == ("False", "PodLost", "Waiting")
    assert f"node {NODE}" in message
    assert f"kubectl delete node {NODE}" in message
    assert [each.note[:8] for each in events_between(before, cluster.status)] == ["PodLost:"]
    cluster.pods[job.name] = ()
    cluster.decide()
    assert progressing(cluster.status)[:2] == ("True", "StageRunning")


def test_one_lost_shard_does_not_hide_the_others() -> None:
    """While other shards run, the run does; the stage says which pod is lost."""
    cluster = started()
    job = until(cluster, "sample")
    lost = at_work(job, 0, ends_at=stamp(cluster.now - timedelta(hours=1)))
    cluster.pods[job.name] = (lost, at_work(job, 1))
    cluster.decide()
    [stage] = [stage for stage in cluster.status.stages if stage.name == "sample"]
    assert (cluster.status.phase, stage.phase) == ("Running", "Running")
    assert lost.name in stage.message
    cluster.pods[job.name] = (lost,)
    cluster.decide()
    assert (cluster.status.phase, progressing(cluster.status)[1]) == ("Waiting", "PodLost")


def test_a_gang_with_one_pod_without_a_node_waits() -> None:
    """The others hold their GPUs and do nothing: the scheduler's words, how many have a node, and what helps."""
    cluster = started(training={"nodes": 2})
    job = until(cluster, "train")
    placed = at_work(job, 0)
    homeless = at_work(job, 1, phase="Pending", unschedulable="0/9 nodes are available: 9 Insufficient nvidia.com/gpu.")
    cluster.pods[job.name] = (placed, homeless)
    cluster.decide()
    status, reason, message = progressing(cluster.status)
    assert (status, reason, cluster.status.phase) == ("False", "Unschedulable", "Waiting")
    assert "has no node, 1 of 2 pods have one: 0/9 nodes are available: 9 Insufficient nvidia.com/gpu; " in message
    assert f"kubectl delete job {job.name}" in message
    cluster.pods[job.name] = (placed, at_work(job, 1))
    cluster.decide()
    assert progressing(cluster.status)[:2] == ("True", "StageRunning")


def test_a_stage_that_ran_waits_when_its_next_pod_cannot_start() -> None:
    """Between two pods a stage is still at work; when something keeps the next one, the run waits and says for what."""
    cluster = started()
    [job] = cluster.live()
    cluster.pods[job.name] = (at_work(job, 0),)
    cluster.decide()
    gone = at_work(job, 0, phase="Failed", disrupted=True)
    cluster.pods[job.name] = (gone,)
    cluster.decide()
    assert cluster.status.phase == "Running"
    unpulled = at_work(
        job, 0, uid="next", version=2, phase="Pending", waiting="ImagePullBackOff", waiting_message="no tag"
    )
    cluster.pods[job.name] = (gone, unpulled)
    cluster.decide()
    assert (cluster.status.phase, progressing(cluster.status)[1]) == ("Waiting", "ImagePull")


def test_a_failed_run_says_how_it_goes_on() -> None:
    """The worker's sentence, then the rerun that takes the run up again, with a nonce that none has had."""
    cluster = started(rerun={"from": "Train", "nonce": "7"})
    [job] = cluster.live()
    cluster.end(job.name, ending="Failed", code=64)
    cluster.settle()
    assert progressing(cluster.status)[2].endswith('; correct that, then set spec.rerun to {from: Prepare, nonce: "8"}')


def test_a_stage_has_started_once_its_job_is_there() -> None:
    """The intent alone is no event: what the API server refuses has not begun, and is a Warning."""
    cluster = Cluster()
    cluster.decide()
    intent = cluster.status
    assert words(Status(), intent) == []
    name = intent.stages[0].jobs[0].name
    refused = advance(intent, replace(cluster.inputs(), refusals={name: "the API server refuses: no"}), cluster.planner)
    [event] = events_between(intent, refused)
    assert (event.reason, event.note[:8]) == (reasons.RUN_WAITING, "Refused:")
    assert (refused.phase, progressing(refused)[1]) == ("Waiting", "Refused")
    cluster.settle()
    assert words(intent, cluster.status) == ["StageStarted"]


def test_what_is_tried_again_later_is_temporary() -> None:
    """Between two attempts of a gang nothing runs, and the phase says so."""
    cluster = started()
    job = until(cluster, "train")
    cluster.pods[job.name] = (at_work(job, 0),)
    cluster.decide()
    cluster.end(job.name, ending="Failed", code=75)
    cluster.decide()
    assert (cluster.status.phase, progressing(cluster.status)[1]) == ("Waiting", "Temporary")


def test_a_spec_that_cannot_be_is_invalid() -> None:
    """A resource that nobody can carry out is not pending: nothing will come of waiting."""
    cluster = Cluster()
    cluster.decide()
    held = hold(
        Status(), reason=reasons.INVALID_SPEC, message="spec: no", accepted=False, now=cluster.now, generation=1
    )
    assert held.phase == "Invalid"
    blocked = hold(
        Status(), reason=reasons.CLAIM_NOT_FOUND, message="make it", accepted=True, now=cluster.now, generation=1
    )
    assert blocked.phase == "Waiting"


def test_what_is_missing_is_looked_for_later_and_later() -> None:
    """A claim that is made at once is noticed at once; what nobody lifts costs a request every five minutes."""
    cluster = Cluster()
    held = hold(
        Status(), reason=reasons.CLAIM_NOT_FOUND, message="make it", accepted=True, now=cluster.now, generation=1
    )
    waits = [retry_in(held, cluster.now + timedelta(seconds=seconds)) for seconds in (0, 60, 400, 86_400)]
    assert waits == [10, 15, 100, 300]


def test_a_failed_run_says_why_in_one_column() -> None:
    """The reason that `kubectl get` prints is that of the end."""
    cluster = started()
    [job] = cluster.live()
    cluster.end(job.name, ending="Failed", code=64)
    cluster.settle()
    assert cluster.status.phase == "Failed"
    assert progressing(cluster.status)[1] == "StageFailed"
    assert "it broke" in progressing(cluster.status)[2]


@pytest.mark.parametrize(("decision", "event"), [("Promoted", ["Promoted"]), ("Held", ["Held"]), ("Skipped", [])])
def test_what_the_gate_decides_is_an_event(decision: str, event: list[str]) -> None:
    """It is what people wait for; the note says why."""
    cluster = started()
    now = cluster.status.model_copy(
        update={"promotion": PromotionStatus(decision=decision, reasons=("gain 0.04 of 0.02",), model_version="3")}
    )
    assert words(cluster.status, now) == event
    assert words(now, now) == []
    for each in events_between(cluster.status, now):
        assert "gain 0.04 of 0.02" in each.note


def test_restarts_are_counted_over_all_stages() -> None:
    """Each attempt after a stage's first is one."""
    cluster = started()
    job = until(cluster, "train")
    assert cluster.status.restarts == 0
    cluster.end(job.name, ending="Failed", code=1)
    cluster.settle()
    assert cluster.status.restarts == 1


def test_a_sidecar_that_keeps_its_pod_is_named() -> None:
    """The worker is over and the pod is not: after two minutes the reason says so, with what helps."""
    cluster = started()
    [job] = cluster.live()
    kept = at_work(job, 0, exit_code=0, worker_ended_at=stamp(cluster.now))
    cluster.pods[job.name] = (kept,)
    cluster.forward(100)
    cluster.decide()
    assert progressing(cluster.status)[1] == "StageRunning"
    cluster.forward(30)
    cluster.decide()
    status, reason, message = progressing(cluster.status)
    assert (status, reason) == ("False", "SidecarRuns")
    assert f"kubectl delete pod {kept.name}" in message
