"""What people can do to a run: suspend, resume, delete, plan, rerun, share, edit; and what it waits for."""

from datetime import timedelta

import pytest

from cluster_kubelet import RUNS, Ends, Waits
from cluster_world import CLAIM, World, condition, in_phase, phase, stage, stage_in
from ssd_operator import naming
from ssd_operator.cluster import ApiError
from ssd_operator.settings import Settings

STAGES = ("prepare", "sample", "curate", "train", "generate-base-toy", "grade-candidate-toy", "report")


def held(name: str) -> object:
    """Return a script under which a stage runs on and everything else ends well."""
    return lambda pod: RUNS if pod.stage == name else Ends()


async def pods(world: World) -> list[str]:
    return [
        raw["metadata"]["name"]
        async for raw in world.api.list("Pod", world.namespace)
        if raw["status"].get("phase") in ("Pending", "Running")
    ]


@pytest.mark.parametrize("name", STAGES)
async def test_suspend_and_resume(world: World, name: str) -> None:
    """While suspended nothing runs; afterwards the stage goes on, and nothing that was finished is done again."""
    world.play(held(name))
    await world.apply()
    await world.until(stage_in(name, "Running"))
    await world.edit(suspend=True)
    raw = await world.until(in_phase("Suspended"))
    assert stage(raw, name)["phase"] == "Suspended"
    while await pods(world):
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
    world.play(held(name))
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
    assert same == ["prepare", "sample", "curate", "train", "generate-base-toy", "generate-candidate-toy"]
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


async def test_two_resources_share_a_stage(world: World) -> None:
    """Equal keys on one claim are worked on once; suspending or deleting one does not stop the other."""
    world.play(held("sample"))
    await world.apply("first")
    await world.until(stage_in("sample", "Running"), name="first")
    await world.apply("second")
    second = await world.until(stage_in("sample", "Running"), name="second")
    assert stage(second, "sample")["message"] == "shared with first"
    await world.edit("first", suspend=True)
    first = await world.until(in_phase("Suspended"), name="first")
    assert stage(first, "sample")["message"] == "runs on for second, which wants it too"
    assert len(await pods(world)) >= 2
    await world.api.delete(naming.KIND, world.namespace, "first", preconditions={}, foreground=False)
    world.play(lambda _pod: Ends())
    await world.until(in_phase("Succeeded"), name="second")
    assert world.kubelet.workspace.twice() == []


async def test_the_last_one_that_wants_it_stops_it(world: World) -> None:
    """When both are suspended the shared Job is stopped, and the first to come back starts it again."""
    world.play(held("sample"))
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


async def test_a_queue_decides_when_a_job_runs(world: World) -> None:
    """With Kueue (its part is played here) nothing starts before admission, and nobody fights over suspend."""
    await world.apply(scheduling={"queue": "team-a"})
    raw = await world.until(lambda raw: condition(raw, "Progressing").get("reason") == "Queued")
    assert "queue team-a" in condition(raw, "Progressing")["message"]
    assert await pods(world) == []

    async def admit(raw: dict[str, object]) -> None:
        for name, job in (await world.jobs()).items():
            if job["spec"]["suspend"]:
                await world.api.patch("Job", world.namespace, name, {"spec": {"suspend": False}})

    for _ in range(400):
        await admit(raw)
        await world.step()
        if phase(await world.get()) == "Succeeded":
            break
    assert phase(await world.get()) == "Succeeded"


WAITING = [
    pytest.param(Waits(unschedulable="0/3 nodes have 8 GPUs"), "Unschedulable", "0/3 nodes have 8 GPUs", id="no node"),
    pytest.param(Waits(reason="ImagePullBackOff", message="no such tag"), "ImagePull", "no such tag", id="no image"),
    pytest.param(
        Waits(reason="CreateContainerConfigError", message='secret "hf" not found'),
        "PodConfig",
        'secret "hf" not found',
        id="no secret",
    ),
]


@pytest.mark.parametrize(("waits", "reason", "words"), WAITING)
async def test_waiting_says_for_what(world: World, waits: Waits, reason: str, words: str) -> None:
    """A pod that does not start is explained in the words of whoever keeps it."""
    world.play(lambda pod: waits if pod.stage == "prepare" else Ends())
    await world.apply()
    raw = await world.until(lambda raw: condition(raw, "Progressing").get("reason") == reason)
    assert words in condition(raw, "Progressing")["message"]
    assert words in stage(raw, "prepare")["message"]


async def test_a_missing_claim_is_named(world: World) -> None:
    """Without its claim a run waits and says which one it needs."""
    await world.apply(storage={"claimName": "elsewhere"})
    raw = await world.until(lambda raw: condition(raw, "Progressing").get("reason") == "ClaimNotFound")
    assert "PersistentVolumeClaim elsewhere does not exist" in condition(raw, "Progressing")["message"]
    await world.make_claim("elsewhere")
    await world.until(in_phase("Succeeded"))


@pytest.mark.parametrize("retain", [True, False])
async def test_a_claim_from_a_template(world: World, retain: bool) -> None:
    """The claim is made for the resource, and goes with it only when it is not to be kept."""
    await world.apply(storage={"template": {"size": "1Gi"}, "retain": retain})
    await world.until(stage_in("prepare", "Running", "Succeeded"))
    claim = await world.api.get("PersistentVolumeClaim", world.namespace, "toy-workspace")
    assert bool(claim["metadata"].get("ownerReferences")) is not retain


async def test_the_deadline_ends_a_run(world: World) -> None:
    """Past its deadline a run fails, says so, and leaves nothing running."""
    world.play(held("train"))
    await world.apply(deadline="1h")
    await world.until(stage_in("train", "Running"))
    world.clock.ahead += timedelta(hours=2)
    raw = await world.until(in_phase("Failed"))
    assert condition(raw, "Failed")["reason"] == "DeadlineExceeded"
    while await pods(world):
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
    world.play(held("sample"))
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
    world.play(held("sample"))
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
    assert (images["sample"], images["train"]) == ("ssd-worker:0.1.0", "worker:2")


async def test_every_pod_passes_pod_security(world: World) -> None:
    """A namespace that enforces `restricted` admits every pod of a run."""
    labels = {"metadata": {"labels": {"pod-security.kubernetes.io/enforce": "restricted"}}}
    await world.api.request(
        "PATCH", f"/api/v1/namespaces/{world.namespace}", body=labels, content_type="application/merge-patch+json"
    )
    await world.apply(analysis={}, curation={"filter": "Execution"})
    await world.until(in_phase("Succeeded"))


async def test_a_job_that_the_server_refuses_is_explained(world: World) -> None:
    """What the API server says about a Job that it does not take is shown where the user looks."""
    await world.apply(pod={"affinity": {"nodeAffinity": {"requiredDuringSchedulingIgnoredDuringExecution": {}}}})
    raw = await world.until(lambda raw: "the API server refuses" in stage(raw, "prepare").get("message", ""))
    assert "nodeSelectorTerms" in condition(raw, "Progressing")["message"]
