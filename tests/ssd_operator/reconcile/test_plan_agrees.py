"""`mode: Plan` and the API server agree: whether every stage's pod would be taken is known before anything has run."""

from typing import Any

import pytest

from cluster import plans
from cluster.world import World, condition
from controlplane.kubectl import KubectlError
from controlplane.plane import ControlPlane
from controlplane.waiting import wait_until
from ssd_operator import manifests

pytestmark = pytest.mark.endurance

LIMITS = {"resources": {"limits": {"cpu": "4", "memory": "16Gi"}}}


def quota(**hard: str) -> dict[str, Any]:
    """Return a ResourceQuota."""
    named = {name.replace("__", "."): value for name, value in hard.items()}
    return {"apiVersion": "v1", "kind": "ResourceQuota", "metadata": {"name": "q"}, "spec": {"hard": named}}


def limits(**fields: dict[str, str]) -> dict[str, Any]:
    """Return a LimitRange for containers."""
    body = {"limits": [{"type": "Container", **fields}]}
    return {"apiVersion": "v1", "kind": "LimitRange", "metadata": {"name": "l"}, "spec": body}


CASES: dict[str, tuple[list[dict[str, Any]], dict[str, Any], str]] = {
    "limits wanted and not said": ([quota(limits__cpu="100")], {}, "must specify limits.cpu"),
    "limits wanted and said": ([quota(limits__cpu="100", limits__memory="1000Gi")], LIMITS, ""),
    "limits by a LimitRange": ([quota(limits__cpu="100"), limits(default={"cpu": "2"})], {}, ""),
    "a LimitRange makes it too large": ([quota(limits__cpu="3"), limits(default={"cpu": "4"})], {}, "allows 3"),
    "more than a LimitRange allows": ([limits(max={"cpu": "3"})], LIMITS, "maximum cpu usage per Container is 3"),
    "more than there ever is": ([quota(requests__memory="1Gi")], {}, "ResourceQuota q allows 1Gi"),
    "no pod at all": ([quota(pods="0")], {}, "ResourceQuota q allows 0"),
}


@pytest.mark.parametrize("case", CASES)
async def test_plan_and_api_server_agree(case: str, world: World, job_controller: ControlPlane) -> None:
    """For every stage of a run, what Plan says of its pod is what happens when that pod is made."""
    objects, pod, words = CASES[case]
    kubectl = job_controller.kubectl.within(world.namespace)
    kubectl("create", manifest=objects)
    if any(each["kind"] == "ResourceQuota" for each in objects):
        wait_until(lambda: "hard" in kubectl.get("quota", "q").get("status", {}), what="the quota")
    await world.apply(mode="Plan", pod=pod)
    raw = await world.until(lambda raw: condition(raw, "Accepted") != {})
    accepted = condition(raw, "Accepted")
    assert (accepted["status"] == "True") == (words == ""), accepted
    assert words in accepted.get("message", "")
    refused = [name for name, refusal in made(kubectl, pod).items() if refusal]
    assert bool(refused) == (words != "")
    assert not words or accepted["message"].split(":")[0].split(" ")[0] in refused
    assert not await world.jobs()


def made(kubectl: Any, pod: dict[str, Any]) -> dict[str, str]:
    """Return for each stage why the API server does not make its pod, empty where it does."""
    where, said = plans.place(pod=pod), {}
    for node in plans.graph(where):
        job = manifests.job(node, where, attempt=1)
        template = job["spec"]["template"]
        metadata = {**template["metadata"], "name": job["metadata"]["name"]}
        body = {"apiVersion": "v1", "kind": "Pod", "metadata": metadata, "spec": template["spec"]}
        try:
            kubectl("create", "--dry-run=server", manifest=[body])
            said[node.name] = ""
        except KubectlError as error:
            said[node.name] = str(error)
    return said


async def test_a_quota_that_is_used_up_is_no_verdict(world: World, job_controller: ControlPlane) -> None:
    """What others use at the moment says nothing about the time when a stage begins."""
    kubectl = job_controller.kubectl.within(world.namespace)
    kubectl("create", manifest=[quota(pods="1")])
    wait_until(lambda: "hard" in kubectl.get("quota", "q").get("status", {}), what="the quota")
    container = {"name": "c", "image": "c"}
    kubectl(
        "create",
        manifest=[
            {"apiVersion": "v1", "kind": "Pod", "metadata": {"name": "other"}, "spec": {"containers": [container]}}
        ],
    )
    wait_until(lambda: kubectl.get("quota", "q")["status"]["used"] == {"pods": "1"}, what="the quota")
    await world.apply(mode="Plan")
    raw = await world.until(lambda raw: condition(raw, "Accepted") != {})
    assert condition(raw, "Accepted")["status"] == "True"
