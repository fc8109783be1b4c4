"""Rounds against the real API server and its Job controller: each starts from the one before, whoever made that."""

import asyncio
from typing import Any

import pytest

from cluster.world import CLAIM, PAUSE_S, World, stage
from ssd_operator import naming

KIND = naming.SWEEP_KIND
TEMPLATE = {"spec": {"preset": "toy", "storage": {"claimName": CLAIM}, "prompts": {"limit": 50}}}


@pytest.mark.endurance
async def test_two_rounds_under_operators_that_are_killed_all_the_time(world: World) -> None:
    """Round 2 starts from the digest of what round 1 exported, and nothing of either round is done twice.

    Every operator dies after one look, so that one ends with round 1, and another one, which knows nothing, goes on.
    """
    rounds = {"count": 2, "stopWhen": "Never"}
    await world.sweep(template=TEMPLATE, axes=None, cells=None, baseline=None, replicates=1, rounds=rounds)
    for _ in range(300):
        world.new_operator()
        await world.step()
        await asyncio.sleep(PAUSE_S)
        if (await world.get("heat", kind=KIND)).get("status", {}).get("phase") == "Succeeded":
            break
    rows = (await world.get("heat", kind=KIND))["status"]["cells"]
    assert [row["phase"] for row in rows] == ["Succeeded", "Succeeded"]
    cells, jobs = await world.cells(), await world.jobs()
    first, second = (cells[row["name"]] for row in rows)
    trained, prepared, reported = (stage(first, name) for name in ("train", "prepare", "report"))
    assert second["spec"]["model"]["source"] == {"export": trained["artifact"]}
    assert second["spec"]["round"] == {
        "number": 2,
        "rootDigest": prepared["digests"]["model"],
        "rootReport": reported["artifact"]["path"],
    }
    stages: list[dict[str, Any]] = [each for raw in (first, second) for each in raw["status"]["stages"]]
    assert len(jobs) == len({each["key"] for each in stages})
    assert {each["attempt"] for each in stages if each["jobs"]} == {1}
    assert (
        first["spec"]["prompts"]["limit"] + first["spec"]["prompts"].get("skip", 0) == second["spec"]["prompts"]["skip"]
    )
