"""The retry table, row by row, with the real Job controller deciding about pods."""

import pytest

from cluster.kubelet import RUNS, Ends, Pod, Script
from cluster.world import World, condition, in_phase, stage, stage_in
from ssd_jobs import contract


def failing(stages: str, *ends: Ends) -> Script:
    """Let the pods of index 0 of these stages end like this, one after the other; then all is well."""
    left = list(ends)

    def script(pod: Pod) -> object:
        return left.pop(0) if pod.running and pod.stage == stages and pod.index == 0 and left else Ends()

    return script


SHARDED = [
    pytest.param([Ends(code=1)], "Succeeded", 1, id="1 is tried again"),
    pytest.param([Ends(code=137, reason="OOMKilled")], "Succeeded", 1, id="out of memory is tried again"),
    pytest.param([Ends(code=143, disrupted=True)] * 5, "Succeeded", 1, id="disruptions do not count"),
    pytest.param([Ends(code=75)] * 2, "Succeeded", 1, id="75 does not count"),
    pytest.param([Ends(code=64, message="column x is missing")], "Failed", 1, id="64 fails the stage"),
]


@pytest.mark.parametrize(("ends", "outcome", "attempts"), SHARDED)
async def test_a_shard(world: World, ends: list[Ends], outcome: str, attempts: int) -> None:
    """What a sample pod's end means for its stage."""
    world.play(failing("sample", *ends))
    await world.apply()
    raw = await world.until(stage_in("sample", "Succeeded", "Failed"))
    found = stage(raw, "sample")
    assert (found["phase"], found["attempt"]) == (outcome, attempts)
    if outcome == "Failed":
        assert "column x is missing" in found["message"]
    assert world.kubelet.workspace.twice() == []


async def test_a_shard_that_fails_for_good_leaves_the_others_their_work(world: World) -> None:
    """Shard 0 is given up after three tries; shard 1 is finished and kept; what depends on them is skipped."""
    world.play(lambda pod: Ends(code=1, message="bad disk") if pod.stage == "sample" and pod.index == 0 else Ends())
    await world.apply()
    raw = await world.until(in_phase("Failed"))
    assert "shard 0 failed" in stage(raw, "sample")["message"]
    assert "bad disk" in stage(raw, "sample")["message"]
    assert len([pod for pod, _ in world.kubelet.ended if pod.stage == "sample" and pod.index == 0]) == 3
    sample = next(pod.config for pod, _ in world.kubelet.ended if pod.stage == "sample")
    assert world.kubelet.workspace.work[sample.key, 1] == 1
    assert {name: stage(raw, name)["phase"] for name in ("curate", "train", "generate-candidate-toy")} == {
        "curate": "Skipped",
        "train": "Skipped",
        "generate-candidate-toy": "Skipped",
    }
    assert stage(raw, "grade-base-toy")["phase"] == stage(raw, "report")["phase"] == "Succeeded"
    report = next(pod.config for pod, _ in world.kubelet.ended if pod.stage == "report")
    assert isinstance(report, contract.ReportConfig)
    assert "sample" in [each.name for each in report.execution.failed]
    assert condition(raw, "Failed")["message"].startswith("sample: ")


GANG = [
    pytest.param([Ends(code=1)], "Succeeded", 2, 1, id="1 counts"),
    pytest.param([Ends(code=1)] * 3, "Failed", 3, 3, id="maxAttempts failures are too many"),
    pytest.param([Ends(code=143, disrupted=True)], "Succeeded", 2, 0, id="disruptions do not count"),
    pytest.param([Ends(code=64, message="nll differs")], "Failed", 1, 0, id="64 fails the stage"),
    pytest.param([Ends(code=137, reason="OOMKilled")], "Succeeded", 2, 1, id="out of memory counts"),
]


@pytest.mark.parametrize(("ends", "outcome", "attempts", "failures"), GANG)
async def test_a_gang(world: World, ends: list[Ends], outcome: str, attempts: int, failures: int) -> None:
    """What a train pod's end means: a new attempt of the whole gang, counted or not, or the end of the stage."""
    world.play(failing("train", *ends))
    await world.apply(training={"nodes": 2})
    raw = await world.until(stage_in("train", "Succeeded", "Failed"))
    found = stage(raw, "train")
    assert (found["phase"], found["attempt"], found.get("failures", 0)) == (outcome, attempts, failures)
    names = [name for name in await world.jobs() if name.startswith("ssd-train-")]
    assert len(names) == attempts


async def test_a_temporary_end_of_a_gang_is_tried_later(world: World) -> None:
    """75 is not counted, the stage says until when it waits, and the next attempt comes after that."""
    world.play(failing("train", Ends(code=75, message="the registry is away")))
    await world.apply()
    # The base's own stages may still run when train begins to wait, and then the condition speaks of them.
    waiting = await world.until(lambda raw: condition(raw, "Progressing").get("reason") == "Temporary")
    assert "tries again at" in stage(waiting, "train")["message"]
    assert "the registry is away" in stage(waiting, "train")["message"]
    raw = await world.until(stage_in("train", "Succeeded"))
    assert (stage(raw, "train")["attempt"], stage(raw, "train").get("failures", 0)) == (2, 0)


@pytest.mark.parametrize("name", ["prepare", "report"])
async def test_lost_words_are_fetched_by_running_again(world: World, name: str) -> None:
    """A termination message that was lost costs another attempt, which finds its directory complete."""

    def script(pod: Pod) -> Ends:
        lost = pod.stage == name and pod.attempt == 1
        if lost:
            world.kubelet.workspace.complete(pod.config, pod.index)
        return Ends(message="") if lost else Ends()

    world.play(script)
    await world.apply()
    raw = await world.until(in_phase("Succeeded"))
    assert stage(raw, name)["attempt"] == 2
    assert raw["status"]["promotion"]["decision"] == "Promoted"
    assert world.kubelet.workspace.twice() == []


async def test_a_job_that_someone_deleted_is_made_again(world: World) -> None:
    """A live Job that vanishes is replaced by a new attempt; one of a finished stage is not missed."""
    world.play(lambda pod: RUNS if pod.stage == "sample" and pod.attempt == 1 else Ends())
    await world.apply()
    running = await world.until(stage_in("sample", "Running"))
    for name in ("prepare", "sample"):
        [job] = stage(running, name)["jobs"]
        await world.api.delete("Job", world.namespace, job["name"], preconditions={}, foreground=False)
    raw = await world.until(in_phase("Succeeded"))
    assert stage(raw, "sample")["attempt"] == 2
    assert stage(raw, "prepare")["attempt"] == 1


async def test_an_optional_stage_may_fail(world: World) -> None:
    """Without the statistics the report is written all the same, and the run succeeds."""
    world.play(lambda pod: Ends(code=64) if pod.stage == "analyze" else Ends())
    await world.apply(analysis={})
    raw = await world.until(in_phase("Succeeded"))
    assert stage(raw, "analyze")["phase"] == "Failed"
