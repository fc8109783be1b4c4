"""What a run waits for is said where people look: in the stage, in the condition, in the words of whoever keeps it."""

import asyncio
from datetime import timedelta

import pytest

from cluster.kubelet import RUNS, Ends, Waits
from cluster.pods import bind, collect
from cluster.world import CLAIM, World, condition, in_phase, phase, stage, stage_in
from ssd_operator.cluster.paths import KINDS

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


async def test_a_job_that_the_server_refuses_is_explained(world: World) -> None:
    """What the API server says about a Job that it does not take is shown where the user looks."""
    await world.apply(pod={"affinity": {"nodeAffinity": {"requiredDuringSchedulingIgnoredDuringExecution": {}}}})
    raw = await world.until(lambda raw: "the API server refuses" in stage(raw, "prepare").get("message", ""))
    assert "nodeSelectorTerms" in condition(raw, "Progressing")["message"]


async def test_a_lost_node_is_named_and_its_deletion_helps(world: World) -> None:
    """A pod that a dead kubelet does not end holds its stage: the node and the command are said, and that helps."""
    world.play(lambda _pod: RUNS)
    await world.apply()
    await world.until(stage_in("prepare", "Running"))
    [name] = await world.pods_at_work()
    await bind(world.api, world.namespace, name, node="gpu-7")
    await world.api.request("DELETE", KINDS["Pod"].path(world.namespace, name), body={"gracePeriodSeconds": 30})
    world.clock.ahead += timedelta(minutes=2)
    raw = await world.until(lambda raw: condition(raw, "Progressing").get("reason") == "PodLost")
    assert "kubectl delete node gpu-7" in condition(raw, "Progressing")["message"]
    assert phase(raw) == "Waiting"
    await collect(world.api, world.namespace, name)
    world.play(lambda _pod: Ends())
    await world.until(in_phase("Succeeded"))


async def test_a_claim_that_was_made_anew_is_noticed(world: World) -> None:
    """What finished stages wrote went with the old volume: that is said, with what helps, before anything is missed."""
    world.play(lambda pod: Ends() if pod.stage == "prepare" else RUNS)
    await world.apply()
    await world.until(stage_in("sample", "Running"))
    await world.edit(suspend=True)
    await world.until(in_phase("Suspended"))
    claim = ("PersistentVolumeClaim", world.namespace, CLAIM)
    await world.api.delete(*claim, preconditions={}, foreground=False)
    await world.api.patch(*claim, {"metadata": {"finalizers": None}})
    await world.make_claim()
    world.new_operator()
    await world.edit(suspend=False)
    raw = await world.until(lambda raw: condition(raw, "Progressing").get("reason") == "ClaimReplaced")
    assert f"PersistentVolumeClaim {CLAIM} was made anew" in condition(raw, "Progressing")["message"]
    world.play(lambda _pod: Ends())
    await world.edit(rerun={"from": "Prepare", "nonce": "2"})
    await world.until(in_phase("Succeeded"))


async def limit(world: World, **hard: str) -> None:
    """Let the namespace have no more than this."""
    metadata = {"name": "small", "namespace": world.namespace}
    await world.api.create(
        {"apiVersion": "v1", "kind": "ResourceQuota", "metadata": metadata, "spec": {"hard": dict(hard)}}
    )
    while True:
        quota = await world.api.get("ResourceQuota", world.namespace, "small")
        if quota.get("status", {}).get("hard") == dict(hard):
            return
        await asyncio.sleep(0.1)


async def lift(world: World) -> None:
    """Let it have everything again."""
    await world.api.delete("ResourceQuota", world.namespace, "small", preconditions={}, foreground=False)


async def test_a_job_that_gets_no_pods_says_who_refuses_them(world: World) -> None:
    """A quota that the pods do not fit into is named where people look, though only the Job's events tell of it."""
    await limit(world, pods="0")
    await world.apply()
    await world.until(lambda raw: stage(raw, "prepare").get("phase") == "Pending")
    world.clock.ahead += timedelta(minutes=1)
    raw = await world.until(lambda raw: condition(raw, "Progressing").get("reason") == "NoPods")
    [name] = await world.jobs()
    for message in (condition(raw, "Progressing")["message"], stage(raw, "prepare")["message"]):
        assert f"Job {name} gets no pods" in message
        assert "exceeded quota: small" in message


async def test_a_claim_that_may_not_be_made_is_explained(world: World) -> None:
    """A quota that forbids the template's claim is named, and the run goes on once it is lifted."""
    await limit(world, persistentvolumeclaims="1")
    await world.apply(storage={"template": {"size": "1Gi"}})
    raw = await world.until(lambda raw: condition(raw, "Progressing").get("reason") == "Refused")
    words = condition(raw, "Progressing")["message"]
    assert "the API server refuses PersistentVolumeClaim toy-workspace" in words
    assert "exceeded quota: small" in words
    await lift(world)
    await world.until(in_phase("Succeeded"))


async def test_what_a_job_needs_and_may_not_have_is_explained(world: World) -> None:
    """A Job whose config is refused says so, instead of waiting for ever without a word."""
    await limit(world, **{"count/configmaps": "2"})  # the namespace's own, and the frozen spec
    await world.apply()
    raw = await world.until(lambda raw: "exceeded quota: small" in stage(raw, "prepare").get("message", ""))
    assert "count/configmaps" in condition(raw, "Progressing")["message"]
    await lift(world)
    await world.until(in_phase("Succeeded"))
