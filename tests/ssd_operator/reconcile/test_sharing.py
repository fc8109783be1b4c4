"""Two resources that want the same artifact on the same claim: one works, both get it."""

from cluster.kubelet import Ends, runs_on
from cluster.world import World, in_phase, stage, stage_in
from ssd_operator import naming


async def test_two_resources_share_a_stage(world: World) -> None:
    """Equal keys on one claim are worked on once; suspending or deleting one does not stop the other."""
    world.play(runs_on("sample"))
    await world.apply("first")
    await world.until(stage_in("sample", "Running"), name="first")
    await world.apply("second")
    second = await world.until(stage_in("sample", "Running"), name="second")
    assert stage(second, "sample")["message"] == "shared with first"
    await world.edit("first", suspend=True)
    first = await world.until(in_phase("Suspended"), name="first")
    assert stage(first, "sample")["message"] == "runs on for second, which wants it too"
    assert len(await world.pods_at_work()) >= 2
    await world.api.delete(naming.KIND, world.namespace, "first", preconditions={}, foreground=False)
    world.play(lambda _pod: Ends())
    await world.until(in_phase("Succeeded"), name="second")
    assert world.kubelet.workspace.twice() == []


async def test_the_last_one_that_wants_it_stops_it(world: World) -> None:
    """When both are suspended the shared Job is stopped, and the first to come back starts it again."""
    world.play(runs_on("sample"))
    await world.apply("first")
    await world.apply("second")
    for name in ("first", "second"):
        await world.until(stage_in("sample", "Running"), name=name)
    for name in ("first", "second"):
        await world.edit(name, suspend=True)
    await world.until(in_phase("Suspended"), name="second")
    [job] = stage(await world.get("second"), "sample")["jobs"]
    while not (await world.jobs())[job["name"]]["spec"]["suspend"]:
        await world.step()
    world.play(lambda _pod: Ends())
    await world.edit("second", suspend=False)
    await world.until(in_phase("Succeeded"), name="second")
    await world.edit("first", suspend=False)
    await world.until(in_phase("Succeeded"), name="first")
    assert world.kubelet.workspace.twice() == []
