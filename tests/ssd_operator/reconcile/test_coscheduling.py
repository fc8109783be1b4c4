"""A gang under the real coscheduling plugin: all of its pods get nodes, or none does, and the run ends well."""

import asyncio
import uuid
from typing import Any

import pytest

from cluster.kubelet import Ends
from cluster.world import CLAIM, World, condition, in_phase
from controlplane import coscheduling, nodes
from controlplane.plane import ControlPlane

pytestmark = pytest.mark.endurance

GPU = "lab.example/gpu"


async def pods_of_training(world: World) -> list[dict[str, Any]]:
    """Return the pods of the gang."""
    found = [raw async for raw in world.api.list("Pod", world.namespace)]
    return [raw for raw in found if raw["metadata"]["name"].startswith("ssd-train-")]


async def bind_claim(world: World) -> None:
    """Give the claim a volume that every node can mount, as the volume controller does."""
    volume = f"nfs-{world.namespace}"
    spec = {"capacity": {"storage": "1Gi"}, "accessModes": ["ReadWriteMany"], "nfs": {"server": "nfs.lab", "path": "/"}}
    claim = {"kind": "PersistentVolumeClaim", "namespace": world.namespace, "name": CLAIM}
    body = {
        "apiVersion": "v1",
        "kind": "PersistentVolume",
        "metadata": {"name": volume},
        "spec": {**spec, "claimRef": claim},
    }
    await world.api.request("POST", "/api/v1/persistentvolumes", body=body)
    bound = {"metadata": {"annotations": {"pv.kubernetes.io/bind-completed": "yes"}}, "spec": {"volumeName": volume}}
    await world.api.patch("PersistentVolumeClaim", world.namespace, CLAIM, bound)


async def test_a_gang_gets_all_nodes_or_none(world: World, job_controller: ControlPlane) -> None:
    """With room for one of two pods none is placed, though that one would fit; with room for both both are."""
    await bind_claim(world)
    only, name = {"lab": world.namespace}, uuid.uuid4().hex[:6]
    pod = {"gpuResource": GPU, "nodeSelector": only}
    with coscheduling.running(job_controller) as scheduler:
        nodes.add(job_controller.kubectl, f"one-{name}", {GPU: "1"})
        job_controller.kubectl("label", "node", f"one-{name}", f"lab={world.namespace}")
        known: set[str] = set()
        world.play(lambda pod: None if pod.stage == "train" and pod.name not in known else Ends())
        await world.apply(
            training={"nodes": 2, "gpusPerNode": 1, "pod": pod},
            scheduling={"gang": {"scheduler": "Coscheduling"}},
            promotion={"gate": {"baseline": "Fixed"}},
        )
        raw = await world.until(lambda raw: condition(raw, "Progressing").get("reason") == "Unschedulable", seconds=120)
        pods = await pods_of_training(world)
        assert len(pods) == 2, scheduler.tail()
        assert not [each for each in pods if each["spec"].get("nodeName")]
        assert "0 of 2 pods have one" in condition(raw, "Progressing")["message"]

        nodes.add(job_controller.kubectl, f"two-{name}", {GPU: "1"})
        job_controller.kubectl("label", "node", f"two-{name}", f"lab={world.namespace}")
        for _ in range(600):
            pods = await pods_of_training(world)
            if len({each["spec"].get("nodeName", "") for each in pods} - {""}) > 1:
                break
            await asyncio.sleep(0.2)
        assert {each["spec"].get("nodeName") for each in pods} == {f"one-{name}", f"two-{name}"}, scheduler.tail()
        known.update(each["metadata"]["name"] for each in pods)
        await world.until(in_phase("Succeeded"))
