"""The whole life of a resource, against the real API server and the real Job controller."""

from collections import Counter

from cluster.kubelet import RUNS, Ends
from cluster.world import World, condition, in_phase, stage
from ssd_operator import naming
from ssd_operator.settings import Settings

STAGES = [
    "prepare",
    "sample",
    "curate",
    "train",
    "generate-base-toy-select",
    "grade-base-toy-select",
    "select-base-toy",
    "generate-base-toy",
    "grade-base-toy",
    "generate-candidate-toy-select",
    "grade-candidate-toy-select",
    "select-candidate-toy",
    "generate-candidate-toy",
    "grade-candidate-toy",
    "generate-base-toy-chosen",
    "grade-base-toy-chosen",
    "generate-candidate-toy-chosen",
    "grade-candidate-toy-chosen",
    "report",
]


async def test_apply_to_succeeded(world: World) -> None:
    """An experiment is carried to its end: every stage once, results and promotion in status, terms frozen."""
    await world.apply()
    done = await world.until(in_phase("Succeeded"))
    status = done["status"]
    assert [each["name"] for each in status["stages"]] == STAGES
    assert {each["phase"] for each in status["stages"]} == {"Succeeded"}
    assert {each["attempt"] for each in status["stages"]} == {1}
    [result] = status["results"]
    assert result["candidate"]["passAt1"] == "0.391"
    assert status["promotion"]["decision"] == "Promoted"
    assert status["tracking"]["runId"] == "r1"
    assert condition(done, "Succeeded")["status"] == "True"
    assert condition(done, "Failed")["status"] == "False"
    jobs = await world.jobs()
    assert len(jobs) == len(STAGES)
    assert world.kubelet.workspace.twice() == []
    frozen = await world.api.get("ConfigMap", world.namespace, status["resolvedSpec"]["configMap"])
    assert frozen["immutable"] is True
    assert stage(done, "prepare")["digests"].keys() == {"model", "prompts", "toy-select", "toy-report"}
    for job in jobs.values():
        [owner] = job["metadata"]["ownerReferences"]
        assert (owner["kind"], owner["name"], owner["controller"]) == (naming.KIND, "toy", False)
    told = [
        raw
        async for raw in world.api.list("Event", world.namespace)
        if raw.get("involvedObject", {}).get("name") == "toy"
    ]
    reasons = Counter(raw["reason"] for raw in told)
    assert reasons == {"StageStarted": len(STAGES), "StageSucceeded": len(STAGES), "Promoted": 1, "Succeeded": 1}


async def test_progress_comes_from_the_workers(world: World) -> None:
    """What rank zero says of its steps is in the stage and in the printed column; shards are counted by their Job."""
    asked = set()

    async def answer(url: str) -> str:
        asked.add(url)
        return 'ssd_progress_done{unit="steps"} 50.0\nssd_progress_total{unit="steps"} 125.0\n'

    world.settings, world.metrics = Settings(worker_metrics_port=9400), answer
    world.new_operator()
    world.play(lambda pod: RUNS if pod.stage == "train" else Ends())
    await world.apply()
    raw = await world.until(lambda raw: stage(raw, "train").get("progress", {}).get("done") == 50)
    assert (raw["status"]["stage"], raw["status"]["progress"]) == ("Train", "50/125 steps")
    assert {"unit": "shards", "done": 2, "total": 2}.items() <= stage(raw, "sample")["progress"].items()
    assert asked == {"http://192.0.2.1:9400/metrics"}
