"""An operator of this version takes over what one of an earlier version has left."""

import json

from cluster.kubelet import Ends, runs_on
from cluster.world import Raw, World, condition, in_phase, stage_in


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


async def test_a_frozen_spec_that_cannot_be_read_holds_the_run(world: World) -> None:
    """A newer version froze what this one cannot read: UpgradeNeeded, Jobs stay, nothing begins, nothing is lost."""
    await world.apply(promotion={"gate": {"baseline": "Fixed"}})
    world.play(runs_on("sample"))
    raw = await world.until(stage_in("sample", "Running"))
    frozen = await world.api.get("ConfigMap", world.namespace, raw["status"]["resolvedSpec"]["configMap"])
    spec = json.loads(frozen["data"]["spec.json"])
    spec["sampling"]["temperature"] = {"schedule": [1.0, 0.7]}
    newer = {
        **frozen,
        "metadata": {"name": "newer", "namespace": world.namespace, "labels": frozen["metadata"]["labels"]},
    }
    await world.api.create({**newer, "apiVersion": "v1", "kind": "ConfigMap", "data": {"spec.json": json.dumps(spec)}})
    raw["status"]["resolvedSpec"]["configMap"] = "newer"
    await world.api.replace_status(await with_status(world, raw))
    world.new_operator()
    held = await world.until(lambda raw: condition(raw, "Progressing").get("reason") == "UpgradeNeeded")
    assert "ConfigMap newer" in condition(held, "Progressing")["message"]
    assert "spec.sampling.temperature" in condition(held, "Progressing")["message"]
    assert held["status"]["stages"] == raw["status"]["stages"]
    world.play(lambda _pod: Ends())
    for _ in range(5):
        await world.step()
    assert len(await world.jobs()) == len(raw["status"]["stages"]) - [
        s["phase"] for s in raw["status"]["stages"]
    ].count("Planned")
    raw = await world.get()
    raw["status"]["resolvedSpec"]["configMap"] = frozen["metadata"]["name"]
    await world.api.replace_status(raw)
    world.new_operator()
    await world.until(in_phase("Succeeded"))


async def with_status(world: World, raw: Raw) -> Raw:
    """Return the resource as it is now with the status of an earlier sight."""
    return {**await world.get(), "status": raw["status"]}
