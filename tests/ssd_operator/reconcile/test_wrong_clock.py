"""The clock of the operator's machine is an hour off: deadline and time to live are judged by the server's time."""

import asyncio
from datetime import UTC, datetime, timedelta
from functools import partial

import pytest

from cluster.kubelet import Ends, runs_on
from cluster.world import Operator, World, in_phase, phase, stage_in
from ssd_operator.cluster import Api, ServerClock
from ssd_operator.lifecycle.inputs import moment

pytestmark = pytest.mark.endurance

HOUR = timedelta(hours=1)
RIGHT = timedelta()


def at(off: timedelta) -> datetime:
    """Return what a clock shows that is so much off."""
    return datetime.now(tz=UTC) + off


def hand_over(world: World, off: timedelta) -> None:
    """Let an operator that knows nothing take over, on a machine whose clock is so much off."""
    api = Api(world.api.transport, clock=ServerClock(partial(at, off)))
    world.operator = Operator(api, world.namespace, clock=api.clock)


def is_now(text: str) -> bool:
    """Tell whether what was written is the true time, within what this test takes."""
    return abs(moment(text) - at(RIGHT)) < HOUR / 4


@pytest.mark.parametrize("off", [HOUR, -HOUR], ids=["ahead", "behind"])
async def test_an_hour_off_ends_no_run_and_deletes_none(world: World, off: timedelta) -> None:
    """Operators with a wrong and a right clock take turns: no deadline is missed, nothing is made twice or lost.

    An end is kept for its time to live, and not an hour longer.
    """
    hand_over(world, off)
    world.play(runs_on("train"))
    await world.apply(deadline="45m", ttlAfterFinished="40m")
    raw = await world.until(stage_in("train", "Running"))
    assert is_now(raw["status"]["startTime"])
    for each in (RIGHT, off, RIGHT, off):
        hand_over(world, each)
        await world.step()
        assert phase(await world.get()) == "Running"
    world.play(lambda _pod: Ends())
    done = await world.until(in_phase("Succeeded"))
    assert is_now(done["status"]["completionTime"])
    assert {each["attempt"] for each in done["status"]["stages"]} == {1}
    assert len(await world.jobs()) == len(done["status"]["stages"])
    assert world.kubelet.workspace.twice() == []
    for each in (RIGHT, off):
        hand_over(world, each)
        await world.step()
        assert "deletionTimestamp" not in (await world.get())["metadata"]
    await world.edit(ttlAfterFinished="1s")
    hand_over(world, off)
    while await world.api.find("SelfDistillation", world.namespace, "toy") is not None:
        await world.step()
        await asyncio.sleep(0.2)
