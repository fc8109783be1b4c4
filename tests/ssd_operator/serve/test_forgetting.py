"""The law of memory: whatever came and went, and whoever saw it go, what is remembered is about what there is."""

import asyncio
from collections import Counter
from typing import Any

from hypothesis import example, given, settings
from hypothesis import strategies as st

from cluster.memory import Memory
from cluster.world import nobody_answers
from ssd_operator import naming
from ssd_operator.cluster import Api, ResourceIdentity, Store, run_key
from ssd_operator.cluster.paths import KINDS
from ssd_operator.cluster.views import view_job, view_pod
from ssd_operator.reconcile import Reconciler
from ssd_operator.reconcile.progress import Fetch, Reader
from ssd_operator.serve.namespaces import Namespaces
from ssd_operator.serve.resync import Resync
from ssd_operator.settings import Settings

NAMES = ("a", "b")
NAMESPACE = "lab"
Raw = dict[str, Any]


class Life:
    """An operator in a cluster where things come and go, some of them unseen."""

    def __init__(self, get: Fetch = nobody_answers) -> None:
        self.server = Memory()
        self.api = Api(self.server)
        self.store = Store()
        progress = Reader(every_s=0, get=get)
        self.reconciler = Reconciler(
            self.api, self.store, Settings(kueue=True), progress=progress, clock=self.api.clock, seen_within_s=0
        )
        prefetch = self.reconciler.prefetch
        self.resync = Resync(self.api, self.store, Namespaces((NAMESPACE,)), prefetch=prefetch, grace_s=0)

    async def make(self, name: str, queue: str) -> None:
        """Make a resource with a claim, unless it is there; who has a queue waits in it."""
        body: Raw = {
            "apiVersion": naming.API_VERSION,
            "kind": naming.KIND,
            "metadata": {"name": name, "namespace": NAMESPACE},
            "spec": {"preset": "toy", "storage": {"claimName": f"claim-{name}"}, "promotion": {}},
        }
        if queue:
            body["spec"]["scheduling"] = {"queue": queue}
        if _path(naming.KIND, name) not in self.server.objects:
            claim = {"kind": "PersistentVolumeClaim", "metadata": {"name": f"claim-{name}", "namespace": NAMESPACE}}
            if _path("PersistentVolumeClaim", f"claim-{name}") not in self.server.objects:
                await self.api.create(claim)
            await self.api.create(body)

    async def rerun(self, name: str, nonce: int) -> None:
        """Ask for everything once more: every stage has another Job then."""
        raw = self.server.objects.get(_path(naming.KIND, name))
        if raw is not None:
            metadata = {"generation": raw["metadata"]["generation"] + 1}
            change = {"metadata": metadata, "spec": {"rerun": {"from": "Prepare", "nonce": str(nonce)}}}
            await self.api.patch(naming.KIND, NAMESPACE, name, change)

    async def look(self, name: str, *, refused: bool) -> None:
        """See a resource and its Jobs' pods, and work on it until it rests."""
        self.server.refused = {"jobs"} if refused else set()
        raw = self.server.objects.get(_path(naming.KIND, name))
        if raw is not None:
            self.store.put_resource(raw)
        for _ in range(10):
            if await self.reconciler.reconcile(run_key(NAMESPACE, name)) != 0.0:
                break
        for _ in range(3):
            await asyncio.sleep(0)

    async def run(self, phase: str) -> None:
        """Give every Job a pod in this phase, of which the operator hears."""
        for job in self.jobs():
            labels = {naming.LABEL_JOB: job["metadata"]["name"]}
            name = f"{job['metadata']['name']}-{phase}"
            metadata = {"name": name, "namespace": NAMESPACE, "labels": labels}
            body = {"kind": "Pod", "metadata": metadata, "status": {"phase": phase, "podIP": "192.0.2.1"}}
            if _path("Pod", name) not in self.server.objects:
                self.store.put_pod(await self.api.create(body))

    async def delete(self, name: str, *, seen: bool) -> None:
        """Delete a resource with its Jobs and pods; the watches tell of it, or nobody does."""
        raw = self.server.objects.pop(_path(naming.KIND, name), None)
        if raw is None:
            return
        uid, version = raw["metadata"]["uid"], int(raw["metadata"]["resourceVersion"]) + 1000
        gone = [job for job in self.jobs() if job["metadata"]["ownerReferences"][0]["uid"] == uid]
        for job in gone:
            await self._delete_job(job["metadata"]["name"], seen=seen)
        if seen:
            self.store.drop_resource(ResourceIdentity(run_key(NAMESPACE, name), uid, version))
            await self.reconciler.reconcile(run_key(NAMESPACE, name))

    async def lose_jobs(self, *, seen: bool) -> None:
        """Delete every Job, as its time to live does."""
        for job in self.jobs():
            await self._delete_job(job["metadata"]["name"], seen=seen)

    async def _delete_job(self, name: str, *, seen: bool) -> None:
        job = view_job(self.server.objects.pop(_path("Job", name)))
        pods = [place for place, raw in self.server.objects.items() if _labels(raw).get(naming.LABEL_JOB) == name]
        for pod in [view_pod(self.server.objects.pop(place)) for place in pods]:
            if seen:
                self.store.drop_pod(pod)
        if seen:
            self.store.drop_job(NAMESPACE, name, uid=job.uid, version=job.version)

    async def compare(self) -> None:
        """Do what the process does at each resync, after the garbage collector did its work unseen."""
        uids = {raw["metadata"]["uid"] for raw in self.server.objects.values()}
        for job in self.jobs():
            if job["metadata"]["ownerReferences"][0]["uid"] not in uids:
                await self._delete_job(job["metadata"]["name"], seen=False)
        names = {job["metadata"]["name"] for job in self.jobs()}
        for place, raw in list(self.server.objects.items()):
            if raw["kind"] == "Pod" and _labels(raw)[naming.LABEL_JOB] not in names:
                del self.server.objects[place]
        await self.resync.again()
        self.reconciler.forget_the_gone()

    def remembered(self) -> dict[str, int]:
        """Return how much is remembered, by kind."""
        return self.store.remembered() | self.reconciler.remembered()

    def jobs(self) -> list[Raw]:
        """Return every Job."""
        return [raw for raw in self.server.objects.values() if raw["kind"] == "Job"]


def _path(kind: str, name: str) -> str:
    return KINDS[kind].path(NAMESPACE, name)


def _labels(raw: Raw) -> Raw:
    return dict(raw["metadata"].get("labels", {}))


name = st.sampled_from(NAMES)
OPERATIONS = st.one_of(
    st.tuples(st.just("make"), name, st.sampled_from(("", "team"))),
    st.tuples(st.just("look"), name, st.booleans()),
    st.tuples(st.just("rerun"), name, st.integers(1, 9)),
    st.tuples(st.just("run"), st.sampled_from(("Running", "Succeeded"))),
    st.tuples(st.just("delete"), name, st.booleans()),
    st.tuples(st.just("lose_jobs"), st.booleans()),
)


async def step(life: Life, what: str, *rest: Any) -> None:
    """Do one operation."""
    match what:
        case "make":
            await life.make(*rest)
        case "rerun":
            await life.rerun(*rest)
        case "look":
            await life.look(rest[0], refused=rest[1])
        case "run":
            await life.run(*rest)
        case "delete":
            await life.delete(rest[0], seen=rest[1])
        case _:
            await life.lose_jobs(seen=rest[0])


REFUSED_THEN_RERUN = [("make", "a", ""), ("look", "a", True), ("rerun", "a", 3), ("look", "a", True)]
ANOTHER_ATTEMPT = [("make", "a", ""), ("look", "a", False), ("lose_jobs", True), ("look", "a", False)]

ENDED_PODS_UNSEEN = [("make", "a", ""), ("look", "a", False), ("run", "Succeeded"), ("delete", "a", False)]

RUNNING_UNSEEN = [
    ("make", "a", ""),
    ("look", "a", False),
    ("run", "Running"),
    ("look", "a", False),
    ("delete", "a", False),
]

MADE_ANEW_UNSEEN = [*RUNNING_UNSEEN, ("make", "a", "")]


@example(operations=MADE_ANEW_UNSEEN)
@example(operations=RUNNING_UNSEEN)
@example(operations=ENDED_PODS_UNSEEN)
@example(operations=REFUSED_THEN_RERUN)
@example(operations=ANOTHER_ATTEMPT)
@settings(max_examples=60)
@given(operations=st.lists(OPERATIONS, min_size=10, max_size=40))
def test_what_is_remembered_is_about_what_there_is(operations: list[tuple[Any, ...]]) -> None:
    """After any sequence of creations and deletions, seen or not, a resync leaves nothing of what is gone."""

    async def play() -> None:
        life = Life()
        for operation in operations:
            await step(life, *operation)
        await life.compare()
        check(life)
        for name in NAMES:
            await life.delete(name, seen=False)
        await life.compare()
        assert not any(life.remembered().values()), life.remembered()

    asyncio.run(play())


def check(life: Life) -> None:
    """Compare how much is remembered with how much there is."""
    of_kind = Counter(raw["kind"] for raw in life.server.objects.values())
    resources = [raw for raw in life.server.objects.values() if raw["kind"] == naming.KIND]
    stages = [stage for raw in resources for stage in raw.get("status", {}).get("stages", [])]
    named = [reference for stage in stages for reference in stage.get("jobs", [])]
    remembered = life.remembered()
    assert remembered["resources"] == len(resources)
    assert remembered["jobs"] == of_kind["Job"]
    assert remembered["pods"] <= of_kind["Pod"]
    assert remembered["stages"] <= len(stages)
    assert remembered["queued"] <= of_kind["Job"]
    assert max(remembered["created"], remembered["refused"]) <= len(named)
    for kind in ("runs", "plans", "claims", "specs"):
        assert remembered[kind] <= len(resources), kind


async def test_a_resource_made_anew_shows_nothing_of_the_old_one() -> None:
    """Who is deleted unseen and made again under its name is another run: it does not begin with the old progress."""
    done = 5

    async def page(_url: str) -> str:
        return f'ssd_progress_done{{unit="steps"}} {done}\nssd_progress_total{{unit="steps"}} 10\n'

    async def shown() -> list[int]:
        """Look, and return how far the stages are shown to be; each Job has a running pod afterwards."""
        await life.look("a", refused=False)
        await life.run("Running")
        [raw] = [raw for raw in life.server.objects.values() if raw["kind"] == naming.KIND]
        return [stage["progress"]["done"] for stage in raw["status"]["stages"] if "progress" in stage]

    life = Life(page)
    await life.make("a", "")
    assert [await shown() for _ in range(3)] == [[], [], [5]]
    await life.delete("a", seen=False)
    await life.make("a", "")
    done = 1
    assert [5] not in [await shown() for _ in range(3)]
