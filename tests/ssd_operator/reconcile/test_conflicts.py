"""Two kinds of conflict: someone was faster, which is looked at anew at once, and a refusal that brings no news."""

from collections.abc import Mapping
from typing import Any

import pytest

from cluster_world import World, phase
from ssd_operator.cluster import Api, ApiError, Key


class Refusing(Api):
    """A connection on which no status can be written."""

    async def request(
        self,
        verb: str,
        path: str,
        *,
        query: Mapping[str, str] | None = None,
        body: dict[str, Any] | None = None,
        content_type: str = "application/json",
    ) -> dict[str, Any]:
        """Refuse a status with a conflict, and pass everything else on."""
        if verb == "PUT":
            raise ApiError(409, "Conflict", "as the test wants it")
        return await super().request(verb, path, query=query, body=body, content_type=content_type)


async def test_who_was_overtaken_looks_again_at_once(world: World) -> None:
    """The pass that decided from an old version changes nothing, and the next one sees the newer version."""
    await world.apply()
    await world.operator.observe()
    await world.edit(deadline="5h")
    key = Key(world.namespace, "toy")
    assert await world.operator.reconciler.reconcile(key) == 0.0
    assert phase(await world.get()) == ""
    assert await world.jobs() == {}
    await world.operator.reconciler.reconcile(key)
    assert phase(await world.get()) == "Pending"


async def test_a_conflict_without_news_is_a_failure(world: World) -> None:
    """When the resource is still as it was, asking again at once would never end: the queue makes it wait."""
    world.operator_api = Refusing(world.api._transport)
    world.new_operator()
    await world.apply()
    await world.operator.observe()
    with pytest.raises(ApiError, match="as the test wants it"):
        await world.operator.reconciler.reconcile(Key(world.namespace, "toy"))
