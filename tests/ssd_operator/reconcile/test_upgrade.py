"""An operator of this version takes over what one of an earlier version has left."""

from cluster.world import World, in_phase, stage_in


async def test_a_run_of_an_earlier_version_goes_on(world: World) -> None:
    """A stored status without kinds of stages is carried to its end, and nothing is done twice."""
    await world.apply()
    raw = await world.until(stage_in("train", "Running"))
    kinds = [each.pop("kind") for each in raw["status"]["stages"]]
    await world.api.replace_status(raw)
    world.new_operator()
    done = await world.until(in_phase("Succeeded"))
    assert [each["kind"] for each in done["status"]["stages"]] == kinds
    assert {each["attempt"] for each in done["status"]["stages"]} == {1}
    assert world.kubelet.workspace.twice() == []
