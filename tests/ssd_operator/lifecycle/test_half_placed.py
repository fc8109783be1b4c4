"""A gang that holds some of its nodes and gets no others gives them back, and is tried again later and later."""

from dataclasses import replace
from datetime import datetime, timedelta

import pytest

from cluster.model import Cluster
from ssd_operator.lifecycle import DeleteJob, JobView, PodView, actions_for, advance, next_look
from ssd_operator.lifecycle.conditions import find
from ssd_operator.lifecycle.inputs import moment, stamp
from ssd_operator.spec.status import StageStatus

FULL = "0/9 nodes are available: 9 Insufficient nvidia.com/gpu."


def pod(job: JobView, index: int, since: datetime, **fields: object) -> PodView:
    """Return a pod that has a node since then."""
    made = PodView(
        namespace="lab", name=f"{job.name}-{index}", uid=f"{job.uid}-{index}", version=1, job=job.name, index=index,
        phase="Running", disrupted=False, exit_code=None, end_reason="", message="", waiting="", waiting_message="",
        unschedulable="", ip="", node=f"gpu-{index}", placed_at=stamp(since),
    )  # fmt: skip
    return replace(made, **fields)  # type: ignore[arg-type]


def homeless(job: JobView, index: int, since: datetime) -> PodView:
    """Return a pod that no node has room for since then."""
    return pod(job, index, since, phase="Pending", unschedulable=FULL, node="")


def training(cluster: Cluster) -> JobView:
    """Let everything before the training end well, and return its Job."""
    cluster.settle()
    while True:
        [job] = cluster.live() if len(cluster.live()) == 1 else [None]
        if job is not None and job.name.startswith("ssd-train-"):
            return job
        for each in cluster.live():
            if not each.name.startswith("ssd-train-"):
                cluster.end(each.name)
        cluster.settle()


def stage(cluster: Cluster) -> StageStatus:
    """Return the training as the status has it."""
    return next(each for each in cluster.status.stages if each.name == "train")


def half_placed(cluster: Cluster) -> JobView:
    """Place one of two pods, and let the other wait until just before its time is over."""
    job = training(cluster)
    cluster.pods[job.name] = (pod(job, 0, cluster.now), homeless(job, 1, cluster.now))
    cluster.forward(599)
    cluster.decide()
    return job


@pytest.fixture
def cluster() -> Cluster:
    """A run that trains on two nodes and generates nothing beside that."""
    return Cluster(training={"nodes": 2}, promotion={"gate": {"baseline": "Fixed"}})


def test_a_half_placed_gang_gives_its_nodes_back(cluster: Cluster) -> None:
    """After placementTimeout the Job is deleted, REASON and message say why, and the next attempt is not counted."""
    job = half_placed(cluster)
    assert not [
        each for each in actions_for(cluster.status, cluster.graph(), cluster.inputs()) if isinstance(each, DeleteJob)
    ]
    delay = next_look(cluster.status, cluster.inputs())
    assert delay is not None
    assert delay <= 2
    cluster.forward(2)
    cluster.decide()
    assert [
        each.job.name
        for each in actions_for(cluster.status, cluster.graph(), cluster.inputs())
        if isinstance(each, DeleteJob)
    ] == [job.name]
    progressing = find(cluster.status, "Progressing")
    assert progressing is not None
    assert (progressing.reason, cluster.status.phase) == ("HalfPlaced", "Waiting")
    assert "only 1 of 2 pods had a node for 10m" in progressing.message
    assert "9 Insufficient nvidia.com/gpu; make room" in progressing.message
    cluster.act()
    cluster.decide()
    assert cluster.act() == 0
    due = stage(cluster).retry_time
    assert due is not None
    assert next_look(cluster.status, cluster.inputs()) == pytest.approx(
        (moment(due) - cluster.now).total_seconds(), abs=1
    )
    cluster.now = moment(due)
    cluster.settle()
    again = stage(cluster)
    assert (again.attempt, again.failures, again.retry_time, again.phase) == (2, 0, None, "Pending")
    assert cluster.live()[0].name == again.jobs[0].name != job.name


def test_it_comes_back_later_each_time(cluster: Cluster) -> None:
    """Two gangs that hold each half of the nodes must not meet again at once."""
    waits = []
    for _ in range(4):
        half_placed(cluster)
        cluster.forward(2)
        cluster.settle()
        due = stage(cluster).retry_time
        assert due is not None
        waits.append((moment(due) - cluster.now).total_seconds())
        cluster.now = moment(due)
        cluster.settle()
    assert waits == sorted(set(waits))
    assert stage(cluster).failures == 0


def test_a_crash_in_between_changes_nothing(cluster: Cluster) -> None:
    """The decision is in the status before the Job goes: whoever reads it deletes the Job, whatever its pods do."""
    job = half_placed(cluster)
    cluster.forward(2)
    cluster.decide()
    cluster.pods[job.name] = (pod(job, 0, cluster.now), pod(job, 1, cluster.now))
    cluster.decide()
    assert [
        each.job.name
        for each in actions_for(cluster.status, cluster.graph(), cluster.inputs())
        if isinstance(each, DeleteJob)
    ] == [job.name]
    cluster.settle()
    assert cluster.live() == []


def test_what_pulls_or_starts_is_placed(cluster: Cluster) -> None:
    """A pod with a node counts as placed however long its image takes, and a gang without any node holds none."""
    job = training(cluster)
    pulling = pod(job, 1, cluster.now, phase="Pending", waiting="ContainerCreating", started_at=stamp(cluster.now))
    for pods in ((pod(job, 0, cluster.now), pulling), (homeless(job, 0, cluster.now), homeless(job, 1, cluster.now))):
        cluster.pods[job.name] = pods
        cluster.forward(7200)
        cluster.settle()
        assert stage(cluster).attempt == 1
        assert stage(cluster).retry_time is None
        cluster.forward(-7200)


def test_the_time_begins_when_both_are_so(cluster: Cluster) -> None:
    """A pod that waited for an hour before another one got a node is given the whole time from then on."""
    job = training(cluster)
    waiting = homeless(job, 1, cluster.now)
    cluster.forward(3600)
    cluster.pods[job.name] = (pod(job, 0, cluster.now), waiting)
    cluster.forward(599)
    cluster.settle()
    assert stage(cluster).retry_time is None


def test_an_autoscaler_at_work_is_no_fault(cluster: Cluster) -> None:
    """While the cluster makes a node the reason is ScalingUp, in the autoscaler's words."""
    job = training(cluster)
    waiting = homeless(job, 0, cluster.now)
    cluster.pods[job.name] = (waiting, homeless(job, 1, cluster.now))
    cluster.decide()
    words = "pod triggered scale-up: [{gpu-pool 0->2 (max: 8)}]"
    scaling = replace(cluster.inputs(), scaling={waiting.name: words})
    progressing = find(advance(cluster.status, scaling, cluster.planner), "Progressing")
    assert progressing is not None
    assert progressing.reason == "ScalingUp"
    assert words in progressing.message
    assert next_look(cluster.status, cluster.inputs()) == pytest.approx(timedelta(seconds=30).total_seconds(), abs=1)
