"""Conflicts: someone was faster with the resource or a Job, which is looked at anew, or a refusal brings no news."""

import json
from typing import Any

import pytest

from cluster.transports import Passing, refusal
from cluster.world import World, phase
from ssd_operator.cluster import Api, ApiError, Run, resources, run_key
from ssd_operator.cluster.transport import Answer, Request


def owner_reference(raw: dict[str, Any]) -> dict[str, Any]:
    """Return what makes an object go with a resource."""
    run = resources.read(raw)
    assert isinstance(run, Run)
    return run.owner_reference().document()


class Refusing(Passing):
    """A connection on which no status can be written."""

    async def send(self, request: Request) -> Answer:
        """Refuse a status with a conflict, and pass everything else on."""
        if request.verb == "PUT":
            return refusal(409, "Conflict")
        return await super().send(request)


async def test_who_was_overtaken_looks_again_at_once(world: World) -> None:
    """The pass that decided from an old version changes nothing, and the next one sees the newer version."""
    await world.apply()
    await world.operator.observe()
    await world.edit(deadline="5h")
    key = run_key(world.namespace, "toy")
    assert await world.operator.reconciler.reconcile(key) == 0.0
    assert phase(await world.get()) == ""
    assert await world.jobs() == {}
    await world.operator.reconciler.reconcile(key)
    assert phase(await world.get()) == "Pending"


async def test_a_conflict_without_news_is_a_failure(world: World) -> None:
    """When the resource is still as it was, asking again at once would never end: the queue makes it wait."""
    world.operator_api = Api(Refusing(world.api.transport))
    world.new_operator()
    await world.apply()
    await world.operator.observe()
    with pytest.raises(ApiError, match="as the test wants it"):
        await world.operator.reconciler.reconcile(run_key(world.namespace, "toy"))


@pytest.mark.parametrize("meanwhile", ["changed", "deleted"])
async def test_a_job_that_moved_on_is_seen_as_it_is(world: World, meanwhile: str) -> None:
    """What is asked of a Job that is another one by now is refused, and asked again of what is there: nothing fails."""
    key = run_key(world.namespace, "toy")
    await world.apply()
    await world.operator.settle()
    [name] = await world.jobs()
    await world.edit(suspend=True)
    await world.operator.observe()
    if meanwhile == "changed":
        await world.api.patch("Job", world.namespace, name, {"metadata": {"labels": {"moved": "on"}}})
    else:
        await world.api.delete("Job", world.namespace, name, preconditions={}, foreground=False)
    for _ in range(4):
        await world.operator.reconciler.reconcile(key)
    assert phase(await world.get()) == "Suspended"
    assert all(job["spec"]["suspend"] for job in (await world.jobs()).values())
    known = world.operator.store.job(world.namespace, name)
    assert (known is not None and known.suspended) if meanwhile == "changed" else known is None


class Overtaken(Passing):
    """A connection on which someone else becomes an owner of a Job between our reading and our writing of it."""

    rival: dict[str, Any] | None = None

    async def send(self, request: Request) -> Answer:
        """Send a request; the first Job that is read has one more owner right after."""
        answer = await super().send(request)
        if request.verb == "GET" and "/jobs/" in request.path and self.rival is not None:
            job = json.loads(answer.text)["metadata"]
            owners, self.rival = [*job["ownerReferences"], self.rival], None
            await Api(self.inner).patch("Job", job["namespace"], job["name"], {"metadata": {"ownerReferences": owners}})
        return answer


async def test_no_owner_of_a_shared_job_is_lost(world: World) -> None:
    """Who joins a Job from an old sight of it is refused, and joins what is there: the rival's share stays."""
    overtaken = Overtaken(world.api.transport)
    world.operator_api = Api(overtaken)
    world.new_operator()
    await world.apply()
    await world.operator.settle()
    [name] = await world.jobs()
    rival, second = await world.apply("rival"), await world.apply("second")
    overtaken.rival = owner_reference(rival)
    await world.operator.observe()
    for _ in range(4):
        await world.operator.reconciler.reconcile(run_key(world.namespace, "second"))
    assert overtaken.rival is None
    owners = {each["uid"] for each in (await world.jobs())[name]["metadata"]["ownerReferences"]}
    assert owners >= {rival["metadata"]["uid"], second["metadata"]["uid"]}
    assert len(owners) == 3


@pytest.mark.parametrize("queue", ["", "lab"], ids=["stopped", "deleted"])
async def test_a_job_that_someone_joined_unseen_is_left_to_them(world: World, queue: str) -> None:
    """Who stops wanting a Job stops or deletes only the one that was seen: another owner's share goes on."""
    await world.apply(scheduling={"queue": queue})
    await world.operator.settle()
    [name] = await world.jobs()
    rival = await world.apply("rival")
    found = await world.edit(suspend=True)
    await world.operator.observe()
    owners = [owner_reference(found), owner_reference(rival)]
    await world.api.patch("Job", world.namespace, name, {"metadata": {"ownerReferences": owners}})
    for _ in range(4):
        await world.operator.reconciler.reconcile(run_key(world.namespace, "toy"))
    assert phase(await world.get()) == "Suspended"
    job = (await world.jobs())[name]
    assert "deletionTimestamp" not in job["metadata"]
    assert job["spec"]["suspend"] == bool(queue)
