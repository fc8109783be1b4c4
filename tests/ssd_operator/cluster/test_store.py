"""Laws of what is remembered: newer wins whatever the order, the dead stay dead, owners are found."""

from dataclasses import replace
from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from ssd_operator.cluster import Key, Store, Unreadable
from ssd_operator.lifecycle import JobView, Owner, PodView

KEY = Key("lab", "toy")
JOB = JobView(
    namespace="lab", name="j", uid="u", version=1, key="k", owners=(Owner("r", "toy"),), queue="", suspended=False,
    deleting=False, active=0, succeeded=0, completions=1, failed_indexes="", end="", reason="", message="", ended_at="",
)  # fmt: skip
POD = PodView(
    namespace="lab", name="p", uid="u", version=1, job="j", index=0, phase="Pending", disrupted=False, exit_code=None,
    end_reason="", message="", waiting="", waiting_message="", unschedulable="", ip="",
)  # fmt: skip


def resource(version: int, uid: str = "r") -> dict[str, Any]:
    metadata = {"namespace": "lab", "name": "toy", "uid": uid, "resourceVersion": str(version)}
    return {"metadata": metadata, "spec": {}, "status": {"seen": version}}


@given(versions=st.permutations(range(1, 8)))
def test_the_newest_version_wins(versions: list[int]) -> None:
    """In whatever order versions arrive, the newest is what is known."""
    store = Store()
    for version in versions:
        store.put_resource(resource(version))
        store.keep_job(replace(JOB, version=version))
        store.keep_pod(replace(POD, version=version))
    assert store.resources[KEY]["status"]["seen"] == 7
    assert store.job("lab", "j") == replace(JOB, version=7)
    assert store.pods("lab", "j") == (replace(POD, version=7),)


@given(late=st.integers(1, 9))
def test_the_dead_stay_dead(late: int) -> None:
    """What was on its way when an object was deleted does not bring it back; one made anew is another."""
    store = Store()
    store.put_resource(resource(5))
    store.drop_resource(KEY, uid="r", version=10)
    store.put_resource(resource(late))
    store.keep_job(JOB)
    store.drop_job("lab", "j", uid="u", version=10)
    store.keep_job(replace(JOB, version=late))
    assert (store.resources, store.job("lab", "j"), store.owned("r")) == ({}, None, [])
    store.put_resource(resource(11, uid="other"))
    assert store.is_going_on("other")
    assert not store.is_going_on("r")


def test_owners_are_found_both_ways() -> None:
    """A Job is listed for each of its owners, and no longer for one that left."""
    store = Store()
    store.keep_job(replace(JOB, owners=(Owner("r", "toy"), Owner("s", "other"))))
    assert [job.name for job in store.owned("s")] == ["j"]
    assert store.owners(store.owned("r")[0]) == [KEY, Key("lab", "other")]
    store.keep_job(replace(JOB, version=2))
    assert store.owned("s") == []


def test_a_status_that_cannot_be_read_is_no_run() -> None:
    """Whatever stands in a status, the resource has a name and a uid, and the problems name their fields."""
    store = Store()
    store.put_resource({**resource(1), "status": {"stages": "none"}})
    found = store.run(KEY)
    assert isinstance(found, Unreadable)
    assert (found.key, found.uid, found.deleting) == (KEY, "r", False)
    assert "status.stages" in str(found.error)
