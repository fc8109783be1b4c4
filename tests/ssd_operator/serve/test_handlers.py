"""Laws of watching: an event names the resources that it concerns, all of them, and changes nothing else."""

from typing import Any

from ssd_operator import naming
from ssd_operator.cluster import SELECTOR, Key, Store
from ssd_operator.serve import handlers
from ssd_operator.settings import Settings


class Names:
    """Collects keys instead of working on them."""

    def __init__(self) -> None:
        self.keys: list[str] = []
        self.early: list[str] = []
        self.soon: list[str] = []
        self.store = Store()
        queue: Any = self
        self.ends: list[str] = []
        self.dispatcher = handlers.Dispatcher(self.store, queue, on_end=lambda key: self.ends.append(key.name))

    def add(self, key: Key, *, early: bool = False) -> None:
        """Take a key, as the queue would."""
        self.keys.append(key.name)
        if early:
            self.early.append(key.name)

    def add_soon(self, key: Key) -> None:
        """Take a key of which there is news."""
        self.keys.append(key.name)
        self.soon.append(key.name)

    def taken(self) -> set[str]:
        """Return the keys so far, and start anew."""
        found, self.keys, self.soon = set(self.keys), [], []
        return found


def resource(name: str, version: int = 1) -> dict[str, Any]:
    metadata = {"namespace": "lab", "name": name, "uid": f"uid-{name}", "resourceVersion": str(version)}
    return {"kind": naming.KIND, "metadata": metadata, "spec": {}}


def job(*owners: str, version: int = 1) -> dict[str, Any]:
    references = [
        {"apiVersion": f"{naming.GROUP}/v1alpha1", "kind": naming.KIND, "name": name, "uid": f"uid-{name}"}
        for name in owners
    ]
    other = {"apiVersion": "v1", "kind": "ConfigMap", "name": "x", "uid": "y"}
    metadata = {"namespace": "lab", "name": "j", "uid": "job", "resourceVersion": str(version)}
    return {"metadata": {**metadata, "ownerReferences": [*references, other]}, "spec": {}, "status": {}}


def pod(version: int = 1) -> dict[str, Any]:
    metadata = {"namespace": "lab", "name": "p", "uid": "pod", "resourceVersion": str(version)}
    return {"metadata": {**metadata, "labels": {naming.LABEL_JOB: "j"}}, "status": {"phase": "Running"}}


def test_an_event_names_everyone_concerned() -> None:
    """A Job's events concern its owners, a pod's those of its Job, a resource's also who shares a Job with it."""
    names = Names()
    names.dispatcher.resource(None, resource("a"))
    assert names.taken() == {"a"}
    names.dispatcher.job(None, job("a", "b"))
    assert names.taken() == {"a", "b"}
    names.dispatcher.pod("ADDED", pod())
    assert names.taken() == {"a", "b"}
    names.dispatcher.resource("MODIFIED", resource("a", 2))
    assert names.taken() == {"a", "b"}


def test_the_end_of_a_job_goes_first_once() -> None:
    """Its owners overtake those of which there is only news; what is told of an ended Job later is news."""
    names = Names()
    ended = {"conditions": [{"type": "Complete", "status": "True"}]}
    names.dispatcher.job("ADDED", job("a"))
    assert names.early == []
    names.dispatcher.job("MODIFIED", {**job("a", version=2), "status": ended})
    assert names.early == ["a"]
    names.dispatcher.job("MODIFIED", {**job("a", version=3), "status": ended})
    assert names.early == names.ends == ["a"]


def test_only_what_a_person_wants_is_looked_at_at_once() -> None:
    """What a status does not answer yet is looked at now, a change of the status soon, what is known already never."""
    names = Names()
    metadata = resource("a")["metadata"]
    answered = {**resource("a"), "status": {"observedGeneration": 1}}
    for version, generation, keys, soon in [
        (1, 1, ["a"], ["a"]),
        (1, 1, [], []),
        (2, 1, ["a"], ["a"]),
        (3, 2, ["a"], []),
    ]:
        changed = {**metadata, "resourceVersion": str(version), "generation": generation}
        names.dispatcher.resource("MODIFIED", {**answered, "metadata": changed})
        assert (names.keys, names.soon) == (keys, soon)
        names.taken()


def test_what_is_deleted_is_forgotten_and_told() -> None:
    """The last event of an object still concerns its owners."""
    names = Names()
    names.dispatcher.resource(None, resource("a"))
    names.dispatcher.job(None, job("a"))
    names.dispatcher.pod(None, pod())
    names.taken()
    names.dispatcher.pod("DELETED", pod(2))
    names.dispatcher.job("DELETED", job("a", version=2))
    names.dispatcher.resource("DELETED", resource("a", 3))
    assert names.taken() == {"a"}
    assert names.store.pods("lab", "j") == ()
    assert names.store.job("lab", "j") is None
    assert names.store.known() == []


def test_a_cell_concerns_its_sweep() -> None:
    """Whatever happens to a resource that a sweep controls, the sweep looks again; an owner that is none does not."""
    names = Names()
    owner = {
        "apiVersion": naming.API_VERSION,
        "kind": naming.SWEEP_KIND,
        "name": "heat",
        "uid": "u",
        "controller": True,
    }
    cell = resource("cell")
    cell["metadata"]["ownerReferences"] = [owner]
    names.dispatcher.resource(None, cell)
    assert names.taken() == {"cell", "heat"}
    assert list(names.store.cells("u")) == ["cell"]
    cell["metadata"]["resourceVersion"] = "2"
    names.dispatcher.resource("DELETED", cell)
    assert names.taken() == {"cell", "heat"}
    assert names.store.cells("u") == {}
    cell["metadata"] |= {"uid": "other", "ownerReferences": [owner | {"controller": False}]}
    names.dispatcher.resource(None, cell)
    assert names.taken() == {"cell"}


def test_a_pod_without_a_known_job_concerns_nobody() -> None:
    """A pod that arrives before its Job is remembered, and found when the Job comes."""
    names = Names()
    names.dispatcher.pod("ADDED", pod())
    assert names.taken() == set()
    assert [each.name for each in names.store.pods("lab", "j")] == ["p"]


def test_the_server_filters_what_is_watched() -> None:
    """Jobs and pods are selected by our label on the server, kopf posts nothing, and no worker limit slows it down."""
    found = handlers.watch_settings(Settings(namespaces=("lab",)))
    assert found.watching.label_selectors["batch", "v1", "jobs"] == SELECTOR
    assert found.watching.label_selectors["v1/pods"] == SELECTOR
    assert found.posting.enabled is False
    assert found.peering.standalone is True
    assert found.scanning.disabled is True
    assert found.queueing.worker_limit is None
