"""`helm test` sees the operator plan, and leaves nothing behind."""

import asyncio

import pytest

from cluster.world import CLAIM, World
from ssd_operator.cluster import ApiError, run_key
from ssd_operator.serve import selftest


async def test_the_plan_is_seen(world: World) -> None:
    """The toy in Plan mode is made, planned by the operator, and removed again."""
    key = run_key(world.namespace, "helm-test")
    task = asyncio.create_task(selftest.planned(world.api, key, CLAIM))
    while not task.done():
        await world.step()
        await asyncio.sleep(0.1)
    stages = await task
    assert stages is not None
    assert (stages[0], stages[-1]) == ("prepare", "report")
    with pytest.raises(ApiError, match="404"):
        await world.get("helm-test")
