"""Laws of what is remembered: newer wins whatever the order, the dead stay dead, owners are found."""

import gc
import types
from collections.abc import Iterator
from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ssd_operator import naming
from ssd_operator.cluster import Ended, ResourceIdentity, Run, Store, Unreadable, resources, run_key
from ssd_operator.lifecycle import JobView, Owner, PodView, is_over

KEY = run_key("lab", "toy")
JOB = JobView(
    namespace="lab", name="j", uid="u", version=1, key="k", owners=(Owner(naming.KIND, "r", "toy"),), queue="",
    suspended=False, deleting=False, active=0, succeeded=0, completions=1, failed_indexes="", end="", reason="",
    message="", ended_at="",
)  # fmt: skip
POD = PodView(
    namespace="lab", name="p", uid="u", version=1, job="j", index=0, phase="Pending", disrupted=False, exit_code=None,
    end_reason="", message="", waiting="", waiting_message="", unschedulable="", ip="",
)  # fmt: skip


def resource(version: int, uid: str = "r") -> dict[str, Any]:
    metadata = {"namespace": "lab", "name": "toy", "uid": uid, "resourceVersion": str(version), "generation": 1}
    return {"kind": naming.KIND, "metadata": metadata, "spec": {}, "status": {"progress": str(version)}}


@given(versions=st.permutations(range(1, 8)))
def test_the_newest_version_wins(versions: list[int]) -> None:
    """In whatever order versions arrive, the newest is what is known."""
    store = Store()
    for version in versions:
        store.put_resource(resource(version))
        store.keep_job(replace(JOB, version=version))
        store.keep_pod(replace(POD, version=version))
    found = store.resource(KEY)
    assert isinstance(found, Run)
    assert found.status.progress == "7"
    assert store.job("lab", "j") == replace(JOB, version=7)
    assert store.pods("lab", "j") == (replace(POD, version=7),)


@given(late=st.integers(1, 9))
def test_the_dead_stay_dead(late: int) -> None:
    """What was on its way when an object was deleted does not bring it back; one made anew is another."""
    store = Store()
    store.put_resource(resource(5))
    store.drop_resource(ResourceIdentity(KEY, "r", 10))
    store.put_resource(resource(late))
    store.keep_job(JOB)
    store.drop_job("lab", "j", uid="u", version=10)
    store.keep_job(replace(JOB, version=late))
    assert (store.known(), store.job("lab", "j"), store.owned("r")) == ([], None, [])
    store.put_resource(resource(11, uid="other"))
    assert store.is_going_on("other")
    assert not store.is_going_on("r")


def test_owners_are_found_both_ways() -> None:
    """A Job is listed for each of its owners, and no longer for one that left."""
    store = Store()
    store.keep_job(replace(JOB, owners=(Owner(naming.KIND, "r", "toy"), Owner(naming.KIND, "s", "other"))))
    assert [job.name for job in store.owned("s")] == ["j"]
    assert store.owners(store.owned("r")[0]) == [KEY, run_key("lab", "other")]
    store.keep_job(replace(JOB, version=2))
    assert store.owned("s") == []


def test_a_status_that_cannot_be_read_is_no_run() -> None:
    """Whatever stands in a status, the resource has a name and a uid, and the problems name their fields."""
    store = Store()
    store.put_resource({**resource(1), "status": {"stages": "none"}})
    found = store.resource(KEY)
    assert isinstance(found, Unreadable)
    assert (found.key, found.uid, found.deleting) == (KEY, "r", False)
    assert "status.stages" in str(found.error)


CONDITIONS = st.lists(
    st.fixed_dictionaries(
        {
            "type": st.sampled_from(["Accepted", "Progressing", "Succeeded", "Failed"]),
            "status": st.sampled_from(["True", "False"]),
        }
    ),
    max_size=3,
)
STAGES = st.lists(
    st.fixed_dictionaries(
        {
            "name": st.sampled_from(["prepare", "sample", "report"]),
            "phase": st.sampled_from(["Planned", "Running", "Succeeded", "Failed"]),
            "key": st.sampled_from(["a", "b", "c"]),
        }
    ),
    max_size=3,
)
STATUSES = st.fixed_dictionaries(
    {},
    optional={
        "conditions": CONDITIONS,
        "stages": STAGES,
        "phase": st.sampled_from(["Running", "Succeeded", "Failed", "Archived"]),
        "completionTime": st.just("2026-01-01T00:00:00Z"),
        "observedGeneration": st.integers(0, 2),
        "results": st.just([{"benchmark": "toy", "grading": "Process"}]),
    },
)
SPECS = st.fixed_dictionaries(
    {"storage": st.fixed_dictionaries({}, optional={"claimName": st.sampled_from(["shared", "other"])})},
    optional={"suspend": st.booleans(), "ttlAfterFinished": st.just("1h")},
)


def reachable(start: object) -> Iterator[object]:
    """Yield everything that an object holds on to, by whatever way."""
    seen, waiting = set(), [start]
    while waiting:
        each = waiting.pop()
        if id(each) in seen or isinstance(each, type | types.ModuleType | types.FunctionType):
            continue
        seen.add(id(each))
        yield each
        waiting.extend(gc.get_referents(each))


@given(events=st.lists(st.tuples(st.integers(1, 9), STATUSES, SPECS, st.booleans()), min_size=1, max_size=6))
def test_of_a_resource_that_is_over_no_document_is_kept(
    events: list[tuple[int, dict[str, Any], dict[str, Any], bool]],
) -> None:
    """After any events: an Ended where the newest status says so, with its facts and no document, else a Run."""
    store = Store()
    newest: dict[str, Any] | None = None
    for version, status, spec, asked in events:
        document = {**resource(version), "status": status, "spec": spec}
        store.put_resource(document)
        if newest is None or int(newest["metadata"]["resourceVersion"]) < version:
            newest = document
        if asked:
            store.resource(KEY)
    assert newest is not None
    run, found = resources.read(newest), store.resource(KEY)
    assert isinstance(run, Run)
    if not is_over(run.status):
        assert isinstance(found, Run)
        assert (found.identity, found.status, found.suspended) == (run.identity, run.status, run.suspended)
        return
    assert isinstance(found, Ended)
    assert (found.identity, found.generation, found.phase) == (run.identity, run.generation, run.status.phase)
    assert not store.is_going_on("r")
    claim = newest["spec"]["storage"].get("claimName", "toy-workspace")
    keys = {each.key for each in run.status.stages if each.phase == "Succeeded"}
    assert store.recorded("lab", claim) == keys
    assert store.recorded("lab", "elsewhere") == set()
    kept = {id(each) for each in reachable(store)}
    assert not kept & {id(part) for part in (newest["status"], newest["spec"], newest["metadata"])}


def test_a_cell_that_is_over_says_what_its_sweep_asks_for() -> None:
    """Its score on report problems, what it chose, and what a later round starts from."""
    sweep = {"apiVersion": naming.API_VERSION, "kind": naming.SWEEP_KIND, "uid": "sweep", "controller": True}
    document = resource(1)
    document["metadata"]["ownerReferences"] = [sweep]
    left = {"path": "left", "digest": "d"}
    document["status"] = {
        "observedGeneration": document["metadata"]["generation"],
        "completionTime": "2026-01-01T00:00:00Z",
        "conditions": [{"type": "Succeeded", "status": "True"}],
        "stages": [
            {"name": kind, "kind": kind, "phase": "Succeeded", "artifact": left, "digests": {"model": "m"}}
            for kind in ("prepare", "train", "report")
        ],
        "results": [{"benchmark": "toy", "grading": "Process", "candidate": {"passAt1": "0.250"}}],
    }
    ended = resources.enter(document)
    assert isinstance(ended, Ended)
    assert ended.cell is not None
    assert ended.cell.report == {"toy": "0.250"}
    assert ended.cell.results is not None
    assert (ended.cell.results.export, ended.cell.results.model_digest) == ("left", "m")


def test_of_a_status_that_cannot_be_read_no_document_is_kept() -> None:
    """Once somebody has asked, its problems are all that is left of it."""
    store = Store()
    document = {**resource(1), "status": {"stages": "none"}}
    store.put_resource(document)
    assert isinstance(store.resource(KEY), Unreadable)
    assert id(document["status"]) not in {id(each) for each in reachable(store)}


@pytest.mark.parametrize("status", ["none", [], {"completionTime": 5}, {"conditions": [{}]}, {"stages": [1]}])
def test_whatever_stands_in_a_status_it_is_let_in(status: Any) -> None:
    """A status of a wrong shape stops neither the watch nor the counting of phases."""
    store = Store()
    store.put_resource({**resource(1), "status": status})
    assert [each.phase for each in store.standings(naming.KIND)] == [""]
    assert isinstance(store.resource(KEY), Unreadable)
    assert store.recorded("lab", "toy-workspace") == set()
