"""A run that a newer operator has carried on: what this one does not know starts nothing and stops nothing."""

import json
from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cluster.model import Cluster
from resources import newer
from ssd_operator.lifecycle import actions_for, advance, events_between, is_over
from ssd_operator.lifecycle.conditions import find
from ssd_operator.spec.status import StageStatus, Status

STEPS = st.integers(0, 8)


def begun(steps: int, **sections: Any) -> Cluster:
    """Return a run of which so many times every Job has ended well."""
    cluster = Cluster(**sections)
    cluster.settle()
    for _ in range(steps):
        for job in cluster.live():
            cluster.end(job.name)
        cluster.settle()
    return cluster


def stored(status: Status) -> dict[str, Any]:
    """Return a status as the API server keeps it."""
    return json.loads(status.model_dump_json(by_alias=True, exclude_none=True, exclude_defaults=True))  # type: ignore[no-any-return]


def stage(cluster: Cluster, name: str) -> StageStatus:
    """Return a stage."""
    return next(each for each in cluster.status.stages if each.name == name)


def put(cluster: Cluster, name: str, **update: Any) -> None:
    """Let a newer operator have written this of a stage."""
    document = stored(cluster.status)
    next(each for each in document["stages"] if each["name"] == name).update(update)
    cluster.status = Status.read(document, path="status")


@given(steps=STEPS, data=st.data())
def test_unknown_fields_change_no_decision(steps: int, data: st.DataObject) -> None:
    """The next status and what is to be done are the same with fields that this version does not know, which stay."""
    cluster = begun(steps)
    for job in cluster.live()[:1]:
        cluster.end(job.name)
    clean = cluster.status
    found, _ = data.draw(newer.added(stored(clean), Status))
    inputs = cluster.inputs()
    plain = advance(clean, inputs, cluster.planner)
    other = advance(Status.read(found, path="status"), inputs, cluster.planner)
    assert newer.known(stored(other), Status) == stored(plain)
    graph = cluster.planner.graph(plain, inputs)
    assert actions_for(plain, graph, inputs) == actions_for(other, cluster.planner.graph(other, inputs), inputs)
    aliases = {info.alias for info in Status.model_fields.values()}
    assert {name: each for name, each in found.items() if name not in aliases and each is not None}.items() <= (
        stored(other).items()
    )


FATES = ("at work", "gone", "stopped", "failed", "temporary", "without result")


def befall(cluster: Cluster, name: str, fate: str) -> None:
    """Let this happen to a Job, which may have ended already."""
    if fate == "gone":
        cluster.lose(name)
    elif fate == "stopped":
        cluster.jobs[name] = replace(cluster.jobs[name], suspended=True, end="")
    elif fate in ("failed", "temporary"):
        cluster.end(name, ending="Failed", code=75 if fate == "temporary" else 1)
    elif fate == "without result":
        cluster.end(name)
        cluster.pods.pop(name)


@given(steps=STEPS, fate=st.sampled_from(FATES), data=st.data())
def test_an_unknown_phase_starts_nothing_and_stops_nothing(steps: int, fate: str, data: st.DataObject) -> None:
    """No Job is made or removed for a stage in an unknown phase, however long the run goes on beside it."""
    cluster = begun(steps)
    name = data.draw(st.sampled_from([each.name for each in cluster.status.stages if each.phase != "Planned"]))
    was = stage(cluster, name)
    [reference] = was.jobs
    befall(cluster, reference.name, fate)
    put(cluster, name, phase="Paused")
    before = cluster.jobs.get(reference.name)
    for _ in range(4):
        cluster.settle()
        cluster.forward(600)
        for each in cluster.live():
            if each.name != reference.name:
                cluster.end(each.name)
    assert [made for made in cluster.created if made[0] == was.key] == [(was.key, reference.name)]
    assert cluster.jobs.get(reference.name) == before


@pytest.mark.parametrize("name", ["prepare", "sample", "train"])
def test_a_stage_whose_job_is_at_work_is_followed(name: str) -> None:
    """A live Job shows that a stage runs, whatever its phase was called, and the run goes on to its end."""
    cluster = begun({"prepare": 0, "sample": 1, "train": 3}[name])
    put(cluster, name, phase="Warming", temperature=3)
    cluster.settle()
    assert stage(cluster, name).phase in ("Pending", "Running")
    assert (
        stored(cluster.status)["stages"][[each.name for each in cluster.status.stages].index(name)]["temperature"] == 3
    )
    while not is_over(cluster.status):
        for job in cluster.live():
            cluster.end(job.name)
        cluster.settle()
    assert find(cluster.status, "Succeeded") is not None
    assert len(cluster.created) == len({key for key, _ in cluster.created})


@pytest.mark.parametrize("name", ["prepare", "sample"])
def test_a_stage_whose_job_is_complete_has_succeeded(name: str) -> None:
    """A complete Job shows that the work is done: the run goes on behind it."""
    cluster = begun({"prepare": 0, "sample": 1}[name])
    cluster.end(stage(cluster, name).jobs[0].name)
    put(cluster, name, phase="Verifying")
    cluster.settle()
    assert stage(cluster, name).phase == "Succeeded"


def test_what_waits_for_an_unknown_phase_says_so() -> None:
    """When only unknown phases are left, the run waits and says for what, and what to do."""
    cluster = begun(0)
    cluster.lose(stage(cluster, "prepare").jobs[0].name)
    put(cluster, "prepare", phase="Paused")
    was = cluster.status
    cluster.settle()
    waits = find(cluster.status, "Progressing")
    assert waits is not None
    assert (waits.status, waits.reason) == ("False", "UnknownPhase")
    assert "prepare: this version of the operator does not know the phase Paused" in waits.message
    assert "UnknownPhase" in [each.note.partition(":")[0] for each in events_between(was, cluster.status)]


def test_a_rerun_leads_out_of_an_unknown_phase() -> None:
    """A stage in an unknown phase is another recipe after a rerun, and begins as any other."""
    cluster = begun(1)
    cluster.lose(stage(cluster, "sample").jobs[0].name)
    put(cluster, "sample", phase="Paused")
    cluster.settle()
    assert stage(cluster, "sample").phase == "Paused"
    rerun = cluster.place.spec.rerun.model_copy(update={"start": "Sample", "nonce": "2"})
    cluster.change(cluster.place.spec.model_copy(update={"rerun": rerun}))
    cluster.settle()
    assert stage(cluster, "sample").phase == "Pending"


def test_suspending_and_the_deadline_reach_a_job_at_work() -> None:
    """A user's suspend and deadline stop a live Job also when a newer operator named its stage's phase."""
    for stop in ("suspend", "deadline"):
        cluster = begun(1, deadline="1h")
        put(cluster, "sample", phase="Warming")
        cluster.suspended = stop == "suspend"
        cluster.forward(0 if cluster.suspended else 4000)
        cluster.settle()
        assert not [job for job in cluster.live() if not job.suspended]


@given(steps=STEPS, data=st.data())
def test_a_run_that_ended_under_another_word_stays_ended(steps: int, data: st.DataObject) -> None:
    """A completion time is an end, also when the condition that says which is one that this version does not know."""
    cluster = begun(steps)
    document = stored(cluster.status) | {"phase": "Cancelled", "completionTime": "2026-01-01T00:00:00Z"}
    document["conditions"] = [{"type": "Cancelled", "status": "True"}]
    cluster.status = Status.read(document, path="status")
    created = list(cluster.created)
    cluster.settle()
    assert cluster.created == created
    assert cluster.status.phase == "Cancelled"
