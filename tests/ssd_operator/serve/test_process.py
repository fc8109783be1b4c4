"""The operator as it is installed: a process with watches, a Lease and nothing to remember."""

import asyncio
import time
from collections.abc import Callable
from pathlib import Path

import aiohttp

from cluster.process import OperatorProcess, nodes_at_work
from cluster.world import World, in_phase, phase
from controlplane.plane import ControlPlane


async def reached(world: World, wanted: Callable[[dict[str, object]], bool], *, seconds: float = 400) -> None:
    deadline = time.monotonic() + seconds
    while not wanted(await world.get()):
        assert time.monotonic() < deadline, await world.get()
        await asyncio.sleep(0.1)


async def test_a_process_carries_a_resource_to_its_end(
    job_controller: ControlPlane, world: World, tmp_path: Path
) -> None:
    """Watches alone move it: the process takes the Lease, tells how it is, and leaves with 0 and without the Lease."""
    settings = {"namespaces": world.namespace, "lease_namespace": world.namespace}
    operator = OperatorProcess(job_controller.kubeconfig, tmp_path / "log", **settings)
    try:
        await world.apply()
        async with nodes_at_work(world.kubelet):
            await reached(world, in_phase("Succeeded"))
        async with aiohttp.ClientSession() as session:
            pages = {}
            for name in ("healthz", "readyz", "metrics"):
                async with session.get(f"http://127.0.0.1:{operator.port}/{name}") as answer:
                    pages[name] = (answer.status, await answer.text())
        assert pages["healthz"][0] == pages["readyz"][0] == 200
        assert "ssd_is_leader 1.0" in pages["metrics"][1]
        assert 'ssd_runs{phase="Succeeded"} 1.0' in pages["metrics"][1]
        assert operator.stop() == 0
    finally:
        operator.kill()
    assert "Traceback" not in operator.log.read_text()
    held = await world.api.get("Lease", world.namespace, "ssd-operator")
    assert held["spec"].get("holderIdentity", "") == ""
    assert phase(await world.get()) == "Succeeded"
    assert world.kubelet.workspace.twice() == []


LEVELS = 9900
"""The API server takes 10,000."""
DEEP = (
    '{"apiVersion": "selfdistill.dev/v1alpha1", "kind": "SelfDistillation", "metadata": {"name": "deep"}, "spec": '
    '{"preset": "toy", "storage": {"claimName": "experiments"}, "model": {"chatTemplateArgs": {"x": '
    + '{"a": ' * LEVELS + "1" + "}" * LEVELS + "}}}}"
)  # fmt: skip


async def test_a_resource_that_is_nested_as_deeply_as_can_be_stops_nobody(
    job_controller: ControlPlane, world: World, tmp_path: Path
) -> None:
    """The API server takes it, so the operator must be able to list it: it is refused by its field, others go on."""
    kubectl = job_controller.kubectl.within(world.namespace)
    (tmp_path / "deep.json").write_text(DEEP)
    path = f"/apis/selfdistill.dev/v1alpha1/namespaces/{world.namespace}/selfdistillations"
    kubectl("create", "--raw", path, "-f", str(tmp_path / "deep.json"))
    await world.apply()
    settings = {"namespaces": world.namespace, "lease_namespace": world.namespace}
    operator = OperatorProcess(job_controller.kubeconfig, tmp_path / "log", **settings)
    try:
        await reached(world, in_phase("Pending"))
        asked = ("get", "sd", "deep", "--output", "jsonpath={.status.conditions[?(@.type=='Accepted')].message}")
        while "spec: is nested too deeply" not in await asyncio.to_thread(kubectl, *asked):
            assert operator.process.poll() is None
            await asyncio.sleep(0.2)
        assert operator.stop() == 0
    finally:
        operator.kill()
        kubectl("delete", "sd", "deep")
    assert "Traceback" not in operator.log.read_text()
