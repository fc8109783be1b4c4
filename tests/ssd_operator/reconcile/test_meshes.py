"""A mesh's webhook injects its proxy into every pod, on the real API server: runs end as they would without it."""

import asyncio
from pathlib import Path

import pytest

from cluster.kubelet import Ends, Pod
from cluster.mesh import PROXY, Kind, MeshNodes, injecting
from cluster.world import Raw, World, in_phase, stage
from controlplane.plane import ControlPlane
from ssd_operator import naming
from ssd_operator.cluster.paths import KINDS

pytestmark = pytest.mark.endurance

QUIT = {naming.ANNOTATION_SIDECAR: "http://127.0.0.1:15020/quitquitquit"}
OUT = {"sidecar.istio.io/inject": "false"}
FIXED = {"gate": {"baseline": "Fixed"}}
"""The shortest graph."""


async def injected(world: World) -> None:
    """Return when the API server has begun to ask the webhook."""
    pod = {"restartPolicy": "Never", "containers": [{"name": "c", "image": "c"}]}
    body = {"apiVersion": "v1", "kind": "Pod", "metadata": {"name": "probe", "namespace": world.namespace}, "spec": pod}
    while True:
        made = await world.api.request("POST", KINDS["Pod"].path(world.namespace), query={"dryRun": "All"}, body=body)
        if PROXY in containers(made):
            return
        await asyncio.sleep(0.1)


def containers(pod: Raw) -> set[str]:
    """Return the names of all containers of a pod."""
    spec = pod["spec"]
    return {each["name"] for each in [*spec["containers"], *spec.get("initContainers", [])]}


def fails_once(pod: Pod) -> Ends:
    """Let the first attempt at training fail."""
    if pod.stage == "train" and pod.attempt == 1:
        return Ends(code=1)
    return Ends()


@pytest.mark.parametrize("kind", ["native", "classic"])
async def test_a_run_with_a_proxy_in_every_pod_ends_well(
    job_controller: ControlPlane, world: World, tmp_path: Path, kind: Kind
) -> None:
    """The worker's exit code and words count, wherever its container stands in the pod, and no Job is kept open.

    Pods that run generated programs have no network, so the mesh is kept out of them.
    """
    world.kubelet = MeshNodes(world.api, world.namespace)
    world.play(fails_once)
    async with injecting(job_controller, world.namespace, kind, tmp_path):
        await injected(world)
        await world.apply(promotion=FIXED, pod={"annotations": QUIT}, evaluation={"gradePod": {"labels": OUT}})
        done = await world.until(in_phase("Succeeded"))
    pods = [raw async for raw in world.api.list("Pod", world.namespace)]
    meshed = {raw["metadata"]["labels"][naming.LABEL_STAGE]: PROXY in containers(raw) for raw in pods}
    kept_out = {name for name, has_proxy in meshed.items() if not has_proxy}
    assert kept_out == {name for name in meshed if name.startswith(("grade-", "select-"))}
    assert {"prepare", "sample", "train", "report"} <= meshed.keys() - kept_out
    assert stage(done, "train")["attempt"] == 2
    assert {each["attempt"] for each in done["status"]["stages"] if each["name"] != "train"} == {1}
    assert {job["status"].get("active", 0) for job in (await world.jobs()).values()} == {0}
    assert world.kubelet.workspace.twice() == []
