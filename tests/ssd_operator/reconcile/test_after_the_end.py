"""What takes a run that has ended up again, and what does not."""

from cluster.kubelet import Ends
from cluster.world import World, condition, in_phase, phase, stage


async def test_rerun_does_it_again_from_there(world: World) -> None:
    """A new nonce leaves a finished run's end: that stage and what follows run again, the rest is kept."""
    await world.apply()
    first = await world.until(in_phase("Succeeded"))
    await world.edit(rerun={"from": "Generate", "nonce": "2"})
    again = await world.until(
        lambda raw: phase(raw) == "Succeeded" and stage(raw, "report")["key"] != stage(first, "report")["key"]
    )
    same = [each["name"] for each in again["status"]["stages"] if stage(first, each["name"])["key"] == each["key"]]
    assert same == ["prepare", "sample", "curate", "train"]
    assert world.kubelet.workspace.twice() == []


async def test_a_later_rerun_keeps_what_an_earlier_one_made(world: World) -> None:
    """A stage that failed once and was done again is read from its second life, whatever is asked for after that."""
    world.play(lambda pod: Ends(code=64, message="bad column") if pod.stage == "curate" else Ends())
    await world.apply()
    await world.until(in_phase("Failed"))
    world.play(lambda _pod: Ends())
    await world.edit(rerun={"from": "Curate", "nonce": "a"})
    first = await world.until(in_phase("Succeeded"))
    await world.edit(rerun={"from": "Grade", "nonce": "b"})
    again = await world.until(
        lambda raw: (
            phase(raw) in ("Succeeded", "Failed") and stage(raw, "report")["key"] != stage(first, "report")["key"]
        )
    )
    assert phase(again) == "Succeeded"
    same = [each["name"] for each in again["status"]["stages"] if stage(first, each["name"])["key"] == each["key"]]
    generated = [f"generate-{arm}-toy{part}" for arm in ("base", "candidate") for part in ("-select", "")]
    assert sorted(same) == sorted(["prepare", "sample", "curate", "train", *generated])
    assert world.kubelet.workspace.twice() == []


async def test_another_promotion_writes_the_report_again(world: World) -> None:
    """Changing who is promoted where costs one report and nothing else."""
    await world.apply()
    first = await world.until(in_phase("Succeeded"))
    await world.edit(promotion={"alias": "production"})
    again = await world.until(
        lambda raw: phase(raw) == "Succeeded" and stage(raw, "report")["key"] != stage(first, "report")["key"]
    )
    changed = [each["name"] for each in again["status"]["stages"] if stage(first, each["name"])["key"] != each["key"]]
    assert changed == ["report"]


async def test_the_end_is_sticky(world: World) -> None:
    """After the end neither lost Jobs nor other edits start anything."""
    await world.apply()
    await world.until(in_phase("Succeeded"))
    for name in await world.jobs():
        await world.api.delete("Job", world.namespace, name, preconditions={}, foreground=False)
    await world.edit(deadline="5h", pod={"labels": {"team": "a"}})
    raw = await world.until(lambda raw: raw["status"]["observedGeneration"] == raw["metadata"]["generation"])
    await world.step()
    assert phase(raw) == "Succeeded"
    assert all("deletionTimestamp" in job["metadata"] for job in (await world.jobs()).values())


async def failed_without_frozen_spec(world: World) -> str:
    """Let a run fail, delete its frozen spec and start another operator; return the name of the spec's ConfigMap."""
    world.play(lambda _pod: Ends(code=64, message="bad column"))
    await world.apply()
    failed = await world.until(in_phase("Failed"))
    spec = failed["status"]["resolvedSpec"]["configMap"]
    await world.api.delete("ConfigMap", world.namespace, spec, preconditions={}, foreground=False)
    world.new_operator()
    return str(spec)


async def test_a_run_whose_frozen_spec_was_deleted_says_what_helps(world: World) -> None:
    """An edit cannot be compared with what is gone: the run stays as it ended, says so, and a new nonce takes it up."""
    spec = await failed_without_frozen_spec(world)
    await world.edit(promotion={"alias": "production"})
    raw = await world.until(lambda raw: raw["status"]["observedGeneration"] == raw["metadata"]["generation"])
    assert phase(raw) == "Failed"
    assert condition(raw, "Accepted")["status"] == "False"
    assert spec in condition(raw, "Accepted")["message"]
    assert "set spec.rerun" in condition(raw, "Accepted")["message"]
    world.play(lambda _pod: Ends())
    await world.edit(rerun={"from": "Prepare", "nonce": "2"})
    raw = await world.until(in_phase("Succeeded"))
    assert condition(raw, "Accepted")["status"] == "True"
    assert raw["status"]["resolvedSpec"]["configMap"] != spec


async def test_an_unchanged_spec_is_frozen_again(world: World) -> None:
    """Where what is written is what was in force, a deleted ConfigMap is made anew under its name."""
    spec = await failed_without_frozen_spec(world)
    await world.edit(suspend=True)
    raw = await world.until(lambda raw: raw["status"]["observedGeneration"] == raw["metadata"]["generation"])
    assert phase(raw) == "Failed"
    assert (await world.api.get("ConfigMap", world.namespace, spec))["metadata"]["name"] == spec
