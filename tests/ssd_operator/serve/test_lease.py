"""Laws of the Lease, on the real API server, with a clock that the test moves."""

import asyncio
import threading

import pytest

from cluster.world import World
from controlplane.plane import ControlPlane
from ssd_operator.cluster import Api, connect
from ssd_operator.serve.lease import DURATION_S, Elector, lead_in_thread


class Hand:
    """A clock that is moved by hand."""

    def __init__(self) -> None:
        self.now = 0.0

    def __call__(self) -> float:
        """Return the time."""
        return self.now


@pytest.fixture
def clock() -> Hand:
    return Hand()


def elector(world: World, identity: str, clock: Hand) -> Elector:
    return Elector(world.api, namespace=world.namespace, name="lease", identity=identity, clock=clock)


async def test_there_is_one_leader(world: World, clock: Hand) -> None:
    """The first takes it and keeps it by renewing, however long the second waits."""
    first, second = elector(world, "first", clock), elector(world, "second", clock)
    assert await first.attempt()
    for _ in range(10):
        clock.now += DURATION_S / 2
        assert not await second.attempt()
        assert await first.attempt()


async def test_a_silent_leader_is_replaced(world: World, clock: Hand) -> None:
    """After the Lease's duration without a renewal the second takes it, and the first cannot renew any more."""
    first, second = elector(world, "first", clock), elector(world, "second", clock)
    assert await first.attempt()
    assert not await second.attempt()
    clock.now += DURATION_S + 1
    assert await second.attempt()
    assert not await first.attempt()
    lease = await world.api.get("Lease", world.namespace, "lease")
    assert (lease["spec"]["holderIdentity"], lease["spec"]["leaseTransitions"]) == ("second", 1)


async def test_who_comes_fresh_does_not_trust_old_times(world: World, clock: Hand) -> None:
    """A candidate that has just started waits the whole duration, whatever the times in the Lease say."""
    first = elector(world, "first", clock)
    assert await first.attempt()
    clock.now += 1000
    fresh = elector(world, "fresh", clock)
    assert not await fresh.attempt()
    clock.now += DURATION_S - 1
    assert not await fresh.attempt()
    clock.now += 2
    assert await fresh.attempt()


async def test_a_lease_that_was_given_up_is_taken_at_once(world: World, clock: Hand) -> None:
    """After a release nobody has to wait."""
    first, second = elector(world, "first", clock), elector(world, "second", clock)
    assert await first.attempt()
    await first.release()
    assert await second.attempt()


async def test_losing_the_lease_ends_the_thread(job_controller: ControlPlane, world: World) -> None:
    """A leader whose Lease someone else holds is told so within the time in which the other may begin."""
    taken, ended, stop = threading.Event(), threading.Event(), threading.Event()

    async def connection() -> Api:
        return await connect(job_controller.kubeconfig)

    def make(api: Api) -> Elector:
        return Elector(api, namespace=world.namespace, name="lease", identity="me")

    thread = lead_in_thread(connection, make, taken=taken.set, ended=ended.set, stop=stop)
    try:
        assert await _set(taken, 30)
        other = {"spec": {"holderIdentity": "other", "leaseDurationSeconds": 3600}}
        await world.api.patch("Lease", world.namespace, "lease", other)
        assert await _set(ended, 60)
    finally:
        stop.set()
        thread.join(10)


async def _set(event: threading.Event, seconds: float) -> bool:
    return await asyncio.to_thread(event.wait, seconds)
