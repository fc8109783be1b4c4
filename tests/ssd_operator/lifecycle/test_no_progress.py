"""A stage that is at work and does not move is told from one that moves, and from one of which nothing is known."""

from dataclasses import replace

import pytest

from cluster import plans
from cluster.model import Cluster
from ssd_operator.lifecycle import PodView, events_between
from ssd_operator.lifecycle.conditions import find
from ssd_operator.spec.status import ProgressStatus, StageStatus

MINUTES_30 = 1800


def at_work(job: str) -> PodView:
    """Return the pod of a Job, which runs."""
    return PodView(
        namespace="lab", name=f"{job}-0", uid="pod", version=1, job=job, index=0, phase="Running", disrupted=False,
        exit_code=None, end_reason="", message="", waiting="", waiting_message="", unschedulable="", ip="",
    )  # fmt: skip


def until(cluster: Cluster, kind: str) -> str:
    """Let all Jobs before a stage of this kind end well, and return its Job, at work."""
    cluster.settle()
    while True:
        for job in cluster.live():
            if job.name.startswith(f"ssd-{kind}-"):
                cluster.pods[job.name] = tuple(
                    replace(at_work(job.name), index=each) for each in range(job.completions)
                )
                cluster.decide()
                return job.name
        for job in cluster.live():
            cluster.end(job.name)
        cluster.settle()


def told(cluster: Cluster, stage: str, done: int, *, after: int) -> None:
    """Let time pass; then a worker says how far it is."""
    cluster.forward(after)
    cluster.progress = {stage: ProgressStatus(unit="steps", done=done, total=100)}
    cluster.decide()


def reason(cluster: Cluster) -> str:
    """Return the reason of the condition Progressing."""
    found = find(cluster.status, "Progressing")
    assert found is not None
    return found.reason


def stage(cluster: Cluster, name: str) -> StageStatus:
    """Return a stage of the status."""
    return next(each for each in cluster.status.stages if each.name == name)


def test_a_stage_that_stands_still_is_named_with_what_helps() -> None:
    """After half an hour at one step: reason, both commands, one event; the phase stays Running, as the pods do."""
    cluster = Cluster()
    job = until(cluster, "train")
    told(cluster, "train", 7, after=60)
    told(cluster, "train", 7, after=MINUTES_30 - 1)
    assert reason(cluster) == "StageRunning"
    before = cluster.status
    told(cluster, "train", 7, after=1)
    found = find(cluster.status, "Progressing")
    assert found is not None
    assert (found.status, found.reason, cluster.status.phase) == ("False", "NoProgress", "Running")
    for words in ("train: 7/100 steps since 2026-01-01T00:01:00Z", f"logs job/{job}", f"kubectl delete job {job}"):
        assert words in found.message
    assert stage(cluster, "train").message == found.message.removeprefix("train: ")
    assert [each.note[:11] for each in events_between(before, cluster.status)] == ["NoProgress:"]
    again = cluster.status
    told(cluster, "train", 7, after=60)
    assert cluster.status == again


def test_a_stage_that_moves_again_progresses() -> None:
    """One step is enough, and the time begins anew with it."""
    cluster = Cluster()
    until(cluster, "train")
    told(cluster, "train", 7, after=0)
    told(cluster, "train", 7, after=MINUTES_30)
    assert reason(cluster) == "NoProgress"
    told(cluster, "train", 8, after=60)
    assert reason(cluster) == "StageRunning"
    assert stage(cluster, "train").message == ""
    told(cluster, "train", 8, after=MINUTES_30 - 1)
    assert reason(cluster) == "StageRunning"


def test_a_stage_that_says_nothing_is_not_accused() -> None:
    """Where the operator has never heard a worker, or only counts shards that ended, standing still shows nothing."""
    cluster = Cluster(sampling={"shards": 2})
    until(cluster, "sample")
    cluster.forward(10 * MINUTES_30)
    cluster.decide()
    assert reason(cluster) == "StageRunning"
    until(cluster, "train")
    cluster.forward(10 * MINUTES_30)
    cluster.decide()
    assert reason(cluster) == "StageRunning"


def test_the_setting_zero_never_says_it() -> None:
    """Who turns it off hears nothing of it."""
    cluster = Cluster()
    cluster.place = replace(cluster.place, settings=replace(plans.SETTINGS, stalled_s=0.0))
    until(cluster, "train")
    told(cluster, "train", 7, after=0)
    told(cluster, "train", 7, after=100 * MINUTES_30)
    assert reason(cluster) == "StageRunning"


@pytest.mark.parametrize("suspended", [True, False])
def test_the_deadline_stands_in_the_status_while_it_counts(suspended: bool) -> None:
    """It counts from the first Job; while the run is suspended there is none, and each suspension moves it."""
    cluster = Cluster(deadline="2h")
    assert cluster.status.deadline is None
    cluster.settle()
    assert cluster.status.deadline == "2026-01-01T02:00:00Z"
    cluster.suspended = suspended
    cluster.forward(600)
    cluster.settle()
    assert cluster.status.deadline == (None if suspended else "2026-01-01T02:00:00Z")
    cluster.forward(600)
    cluster.suspended = False
    cluster.settle()
    assert cluster.status.deadline == ("2026-01-01T02:10:00Z" if suspended else "2026-01-01T02:00:00Z")
