"""Whatever the watches did not tell, a resync puts right and counts; what they told, it does not count."""

import asyncio
from collections import Counter

import pytest

from cluster.kubelet import Ends, Waits
from cluster.transports import Passing, refusal
from cluster.world import World, in_phase, stage
from ssd_operator import naming
from ssd_operator.cluster import Api, ApiError, Ended, Key, run_key
from ssd_operator.cluster.transport import Answer, Request, Transport
from ssd_operator.serve.namespaces import Namespaces
from ssd_operator.serve.resync import Resync
from ssd_operator.spec.kinds import RESOURCE_KINDS

LISTED = (*(row.plural for row in RESOURCE_KINDS.values()), "jobs", "pods")


def resyncing(world: World, api: Api, *others: str) -> Resync:
    """Return a resync of what this operator remembers, over this connection."""
    store, prefetch = world.operator.store, world.operator.reconciler.prefetch
    namespaces = Namespaces((world.namespace, *others), left_out=store.forget)
    return Resync(api, store, namespaces, prefetch=prefetch, grace_s=0)


async def resync(world: World) -> int:
    """Compare what this operator remembers with what there is."""
    return (await resyncing(world, world.api).again()).total()


async def begun(world: World) -> str:
    """Return the Job of the first stage, of which everyone knows."""
    await world.apply()
    await world.operator.settle()
    await world.operator.observe()
    [name] = await world.jobs()
    return name


async def forget(world: World, job: str) -> None:
    """Delete a Job, and so its pods, when no watch is there to see it."""
    await world.api.delete("Job", world.namespace, job, preconditions={}, foreground=False)
    while True:
        if job not in await world.jobs() and not await world.pods_at_work():
            return
        await asyncio.sleep(0.05)


async def test_what_was_told_is_not_missed(world: World) -> None:
    """A comparison with all that there is finds nothing, also of a Job that was deleted and told."""
    job = await begun(world)
    assert await resync(world) == 0
    await forget(world, job)
    await world.operator.observe()
    assert await resync(world) == 0


async def test_a_change_that_was_missed_is_seen(world: World) -> None:
    """An edit of a resource, a resource and a Job that are new, and a Job that moved on."""
    job = await begun(world)
    await world.edit(deadline="5h")
    assert await resync(world) == 1
    await world.apply("second", prompts={"limit": 3})
    assert await resync(world) == 1
    assert run_key(world.namespace, "second") in world.operator.store.known()
    labels = {"metadata": {"labels": {"moved": "on"}}}
    changed = await world.api.patch("Job", world.namespace, job, labels)
    assert await resync(world) == 1
    seen = world.operator.store.job(world.namespace, job)
    assert seen is not None
    assert seen.version == int(changed["metadata"]["resourceVersion"])
    assert await resync(world) == 0


async def test_a_job_that_vanished_unseen_is_made_again(world: World) -> None:
    """After a gap a watch lists what there is, and never says what is gone: not the Job, and not its pod."""
    job = await begun(world)
    await forget(world, job)
    assert await resync(world) == 2
    assert world.operator.store.job(world.namespace, job) is None
    assert world.operator.store.pods_at_work() == []
    raw = await world.until(in_phase("Succeeded"))
    assert stage(raw, "prepare")["attempt"] == 2


async def test_a_resource_that_vanished_unseen_is_forgotten(world: World) -> None:
    """It is neither counted among the runs nor looked at any more; its Job goes with it, sooner or later."""
    await begun(world)
    await world.api.delete(naming.KIND, world.namespace, "toy", preconditions={}, foreground=False)
    assert await resync(world) >= 1
    assert world.operator.store.known() == []


async def test_a_pod_that_vanished_unseen_is_waited_for_no_more(world: World) -> None:
    """What kept a pod that is gone keeps nobody: the words of the one in its place are shown."""
    world.play(
        lambda pod: Waits(reason="ImagePullBackOff", message="no such tag") if pod.stage == "prepare" else Ends()
    )
    await world.apply()
    await world.until(lambda raw: "no such tag" in stage(raw, "prepare").get("message", ""))
    await world.operator.observe()
    [old] = world.operator.store.pods_at_work()
    await world.api.patch("Pod", world.namespace, old.name, {"metadata": {"finalizers": None}})
    await world.api.delete("Pod", world.namespace, old.name, preconditions={}, foreground=False)
    assert old.name not in await world.pods_at_work()
    assert await resync(world) >= 1
    assert old not in world.operator.store.pods_at_work()
    assert await resync(world) == 0


async def test_a_job_of_somebody_else_is_no_miss(world: World) -> None:
    """A Job without our label has our name: it is in no listing of ours, and there all the same."""
    job = await begun(world)
    mark = {"metadata": {"labels": {naming.LABEL_MANAGED: None}}}
    await world.api.patch("Job", world.namespace, job, mark)
    known = world.operator.store.job(world.namespace, job)
    await resync(world)
    assert await resync(world) == 0
    still = world.operator.store.job(world.namespace, job)
    assert known is not None
    assert still is not None
    assert still.uid == known.uid


class Slow(Passing):
    """A connection to a server of which the watches hear while it still lists."""

    def __init__(self, world: World) -> None:
        super().__init__(world.api.transport)
        self._world = world

    async def send(self, request: Request) -> Answer:
        """Answer, and let the watches catch up before anyone has read the answer."""
        answer = await super().send(request)
        await self._world.operator.observe()
        return answer


async def test_what_is_told_late_is_not_missed(world: World) -> None:
    """A watch may be behind a listing: what it tells within the grace is no reason to doubt it."""
    job = await begun(world)
    await forget(world, job)
    assert (await resyncing(world, Api(Slow(world))).again()).total() == 0


class Away(Passing):
    """A connection to a server that is away for the first few questions."""

    refusals = 3

    async def send(self, request: Request) -> Answer:
        """Refuse the connection, or pass on."""
        if self.refusals:
            self.refusals -= 1
            raise ConnectionRefusedError
        return await super().send(request)


async def test_a_server_that_is_away_is_asked_again(world: World) -> None:
    """An outage ends no resync: the first one after it finds what happened meanwhile."""
    await begun(world)
    await world.edit(deadline="5h")
    found: asyncio.Queue[Counter[str]] = asyncio.Queue()
    away = Away(world.api.transport)
    task = asyncio.create_task(resyncing(world, Api(away)).repeat(every_s=0, compared=found.put_nowait))
    async with asyncio.timeout(60):
        assert (await found.get()).total() == 1
    assert away.refusals == 0
    task.cancel()
    await asyncio.gather(task, return_exceptions=True)


class Refusing(Passing):
    """A connection to a server that refuses some namespaces."""

    def __init__(self, inner: Transport, *refused: str) -> None:
        super().__init__(inner)
        self.refused = set(refused)

    async def send(self, request: Request) -> Answer:
        """Refuse, or pass on."""
        if any(f"/namespaces/{namespace}/" in request.path for namespace in self.refused):
            return refusal(403, "Forbidden")
        return await super().send(request)


async def test_what_cannot_be_seen_is_no_miss_and_comes_back_as_it_was(world: World) -> None:
    """A namespace that refuses is forgotten without a count; when it answers, its unchanged objects are known again."""
    job = await begun(world)
    before = world.operator.store.job(world.namespace, job)
    refusing = Refusing(world.api.transport, world.namespace)
    resync = resyncing(world, Api(refusing))
    assert (await resync.again()).total() == 0
    assert (world.operator.store.known(), world.operator.store.jobs()) == ([], [])
    refusing.refused.clear()
    await resync.ask_again()
    assert run_key(world.namespace, "toy") in world.operator.store.known()
    assert world.operator.store.job(world.namespace, job) == before
    assert (await resync.again()).total() == 0


async def test_the_operator_begins_when_one_namespace_answers(world: World) -> None:
    """What refuses is left out; when everything refuses there is nothing to do, and the API server's words say why."""
    await world.apply()
    refusing = Refusing(world.api.transport, "gone")
    assert await resyncing(world, Api(refusing), "gone").first() == [run_key(world.namespace, "toy")]
    refusing.refused.add(world.namespace)
    with pytest.raises(ApiError, match="as the test wants it"):
        await resyncing(world, Api(refusing), "gone").first()


class Counting(Passing):
    """A connection that notes what is asked."""

    def __init__(self, inner: Transport) -> None:
        super().__init__(inner)
        self.asked: list[tuple[str, str]] = []

    async def send(self, request: Request) -> Answer:
        """Note a request, and pass it on."""
        self.asked.append((request.verb, request.path.rsplit("/", 1)[-1]))
        return await super().send(request)


async def ended(world: World) -> tuple[Counting, Key]:
    """Return a connection, that of a new operator which has looked at a run that is over."""
    await world.apply()
    await world.until(in_phase("Succeeded"))
    counting = Counting(world.api.transport)
    world.operator_api = Api(counting)
    await world.new_operator().settle()
    return counting, run_key(world.namespace, "toy")


async def test_a_resync_over_what_has_ended_asks_for_lists_only(world: World) -> None:
    """Neither the comparison nor the look at each resource after it reads a run that is over and unchanged."""
    counting, key = await ended(world)
    assert isinstance(world.operator.store.resource(key), Ended)
    counting.asked.clear()
    for _ in range(3):
        assert (await resyncing(world, Api(counting)).again()).total() == 0
        assert await world.operator.reconciler.reconcile(key) is None
    assert counting.asked == [("GET", name) for name in LISTED] * 3


async def test_a_new_operator_learns_what_has_ended_from_lists(world: World) -> None:
    """The first look at runs that are over asks nothing about each of them."""
    counting, _ = await ended(world)
    assert {name for _, name in counting.asked} == set(LISTED)


async def test_what_has_ended_is_read_once_when_it_changed(world: World) -> None:
    """An edit is worked on from the whole resource, read once; nothing is asked when it is settled again."""
    counting, key = await ended(world)
    await world.edit(deadline="5h")
    counting.asked.clear()
    await world.operator.settle()
    assert counting.asked.count(("GET", "toy")) == 1
    counting.asked.clear()
    await world.operator.settle()
    assert ("GET", "toy") not in counting.asked
    assert isinstance(world.operator.store.resource(key), Ended)


async def test_a_refused_edit_of_what_has_ended_is_read_once_per_version(world: World) -> None:
    """As long as the newest spec is refused, a look at it costs no request, however often it comes."""
    counting, key = await ended(world)
    await world.edit(promotion={"gate": {"benchmark": "nowhere"}})
    await world.operator.settle()
    await world.operator.settle()
    found = world.operator.store.resource(key)
    assert isinstance(found, Ended)
    assert not found.settled
    counting.asked.clear()
    for _ in range(3):
        assert await world.operator.reconciler.reconcile(key) is None
    assert counting.asked == []
