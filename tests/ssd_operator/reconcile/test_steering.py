"""What people can do to a run: suspend, resume, delete, plan, edit, limit its time; and what an upgrade may not do."""

from datetime import timedelta

import pytest

from cluster.kubelet import RUNS, Ends, runs_on
from cluster.world import CLAIM, World, condition, in_phase, stage, stage_in
from ssd_operator import __version__, naming
from ssd_operator.cluster import ApiError
from ssd_operator.settings import Settings

STAGES = (
    "prepare",
    "sample",
    "curate",
    "train",
    "generate-base-toy",
    "select-base-toy",
    "grade-candidate-toy-chosen",
    "report",
)


@pytest.mark.parametrize("name", STAGES)
async def test_suspend_and_resume(world: World, name: str) -> None:
    """While suspended nothing runs; afterwards the stage goes on, and nothing that was finished is done again."""
    world.play(runs_on(name))
    await world.apply()
    await world.until(stage_in(name, "Running"))
    await world.edit(suspend=True)
    raw = await world.until(in_phase("Suspended"))
    assert stage(raw, name)["phase"] == "Suspended"
    while await world.pods_at_work():
        await world.step()
    world.play(lambda _pod: Ends())
    await world.edit(suspend=False)
    raw = await world.until(in_phase("Succeeded"))
    assert stage(raw, name)["attempt"] == (2 if name == "train" else 1)
    assert world.kubelet.workspace.twice() == []


async def test_finished_shards_survive_a_suspension(world: World) -> None:
    """The Job goes on by index: the shard that was done is not started again."""
    world.play(lambda pod: RUNS if (pod.stage, pod.index) == ("sample", 1) else Ends())
    await world.apply()
    await world.until(lambda raw: stage(raw, "sample").get("progress", {}).get("done") == 1)
    await world.edit(suspend=True)
    await world.until(in_phase("Suspended"))
    world.play(lambda _pod: Ends())
    await world.edit(suspend=False)
    await world.until(stage_in("sample", "Succeeded"))
    assert [pod.index for pod, _ in world.kubelet.ended if pod.stage == "sample"] == [0, 1]


@pytest.mark.parametrize("name", STAGES)
async def test_deletion_leaves_nothing_behind(world: World, name: str) -> None:
    """Whatever runs, deleting the resource takes Jobs, pods, configs and policies along; the claim stays."""
    world.play(runs_on(name))
    await world.apply()
    await world.until(stage_in(name, "Running"))
    await world.api.delete(naming.KIND, world.namespace, "toy", preconditions={}, foreground=False)

    async def left() -> list[str]:
        kinds = ("Job", "Pod", "Service", "NetworkPolicy", "ConfigMap")
        selector = f"{naming.LABEL_MANAGED}={naming.MANAGED_BY}"
        return [
            f"{kind} {raw['metadata']['name']}"
            for kind in kinds
            async for raw in world.api.list(kind, world.namespace, selector=selector)
        ]

    for _ in range(600):
        await world.step()
        if not await left():
            break
    assert await left() == []
    assert (await world.api.get("PersistentVolumeClaim", world.namespace, CLAIM))["metadata"]["name"] == CLAIM


async def test_a_plan_starts_nothing(world: World) -> None:
    """Plan shows stages and keys, judges the quota, makes no object, and can be turned into a run."""
    await world.apply(mode="Plan")
    raw = await world.until(in_phase("Planned"))
    assert {each["phase"] for each in raw["status"]["stages"]} == {"Planned"}
    assert len(stage(raw, "train")["key"]) == 64
    assert stage(raw, "sample")["cached"] == "Unknown"
    assert await world.jobs() == {}
    await world.edit(mode="Run")
    await world.until(in_phase("Succeeded"))


async def test_a_plan_knows_what_others_have_recorded(world: World) -> None:
    """A key of which another resource on the claim has a result is shown as recorded."""
    await world.apply("first")
    await world.until(in_phase("Succeeded"), name="first")
    await world.apply("second", mode="Plan")
    raw = await world.until(in_phase("Planned"), name="second")
    assert stage(raw, "sample")["cached"] == "Recorded"
    assert stage(raw, "report")["cached"] == "Unknown"


async def test_a_plan_beyond_the_quota_is_not_accepted(world: World) -> None:
    """What can never run is said before anything has: which stage, how much, which quota."""
    quota = {"apiVersion": "v1", "kind": "ResourceQuota", "spec": {"hard": {"requests.cpu": "4"}}}
    await world.api.create({**quota, "metadata": {"name": "team", "namespace": world.namespace}})
    await world.apply(mode="Plan", sampling={"pod": {"resources": {"requests": {"cpu": "8"}}}})
    raw = await world.until(lambda raw: condition(raw, "Accepted").get("reason") == "ExceedsQuota")
    assert condition(raw, "Accepted")["message"].startswith("sample needs requests.cpu of 8 for one pod")


@pytest.mark.parametrize("retain", [True, False])
async def test_a_claim_from_a_template(world: World, retain: bool) -> None:
    """The claim is made for the resource, and goes with it only when it is not to be kept."""
    await world.apply(storage={"template": {"size": "1Gi"}, "retain": retain})
    await world.until(stage_in("prepare", "Running", "Succeeded"))
    claim = await world.api.get("PersistentVolumeClaim", world.namespace, "toy-workspace")
    assert bool(claim["metadata"].get("ownerReferences")) is not retain


async def test_the_deadline_ends_a_run(world: World) -> None:
    """Past its deadline a run fails, says so, and leaves nothing running."""
    world.play(runs_on("train"))
    await world.apply(deadline="1h")
    await world.until(stage_in("train", "Running"))
    world.clock.ahead += timedelta(hours=2)
    raw = await world.until(in_phase("Failed"))
    assert condition(raw, "Failed")["reason"] == "DeadlineExceeded"
    while await world.pods_at_work():
        await world.step()


async def test_time_to_live(world: World) -> None:
    """A resource that ended is deleted when its time is over."""
    await world.apply(ttlAfterFinished="1h")
    await world.until(in_phase("Succeeded"))
    world.clock.ahead += timedelta(hours=2)
    await world.step()
    with pytest.raises(ApiError, match="404"):
        await world.get()


async def test_an_edit_of_execution_reaches_the_next_job(world: World) -> None:
    """What a stage runs with is taken when its Job is made: the running one keeps what it has."""
    world.play(runs_on("sample"))
    await world.apply()
    await world.until(stage_in("sample", "Running"))
    await world.edit(pod={"image": "mine:9"})
    world.play(lambda _pod: Ends())
    await world.until(in_phase("Succeeded"))
    images = {
        job["metadata"]["labels"][naming.LABEL_STAGE]: job["spec"]["template"]["spec"]["containers"][0]["image"]
        for job in (await world.jobs()).values()
    }
    assert images["sample"] != "mine:9"
    assert images["curate"] == images["train"] == "mine:9"


async def test_an_upgrade_in_the_middle_of_a_run(world: World) -> None:
    """A new operator with new images keeps what runs, goes on with its own, and changes no key."""
    world.play(runs_on("sample"))
    await world.apply()
    before = await world.until(stage_in("sample", "Running"))
    world.settings = Settings(worker_image="worker:2", grader_image="grader:2", worker_metrics_port=0)
    world.new_operator()
    world.play(lambda _pod: Ends())
    after = await world.until(in_phase("Succeeded"))
    assert stage(after, "sample")["key"] == stage(before, "sample")["key"]
    assert stage(after, "sample")["attempt"] == 1
    images = {
        job["metadata"]["labels"][naming.LABEL_STAGE]: job["spec"]["template"]["spec"]["containers"][0]["image"]
        for job in (await world.jobs()).values()
    }
    assert (images["sample"], images["train"]) == (f"ssd-worker:{__version__}", "worker:2")


async def test_every_pod_passes_pod_security(world: World) -> None:
    """A namespace that enforces `restricted` admits every pod of a run."""
    labels = {"metadata": {"labels": {"pod-security.kubernetes.io/enforce": "restricted"}}}
    await world.api.request(
        "PATCH", f"/api/v1/namespaces/{world.namespace}", body=labels, content_type="application/merge-patch+json"
    )
    await world.apply(analysis={}, curation={"filter": "Execution"})
    await world.until(in_phase("Succeeded"))
