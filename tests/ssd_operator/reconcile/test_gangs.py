"""Gangs on the real API server: their PodGroup stands before their pods, and half of one holds no nodes for long."""

from collections.abc import AsyncIterator
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from cluster import plans
from cluster.charts import grants
from cluster.kubelet import RUNS, Ends, Waits
from cluster.pods import bind, collect
from cluster.world import World, condition, in_phase, stage, stage_in
from controlplane import definitions
from controlplane.plane import ControlPlane
from ssd_operator import manifests, naming
from ssd_operator.cluster import Api, connect

POD_GROUPS = sorted(Path(__file__).with_name("pod-groups").glob("*.yaml"))
SCHEDULERS = {
    "Coscheduling": "scheduling.x-k8s.io/v1alpha1",
    "Volcano": "scheduling.volcano.sh/v1beta1",
    "KAI": "scheduling.run.ai/v2alpha2",
}
FULL = "0/9 nodes are available: 9 Insufficient nvidia.com/gpu."
SHORT: dict[str, Any] = {"promotion": {"gate": {"baseline": "Fixed"}}, "training": {"nodes": 2}}


@pytest.fixture
async def granted(job_controller: ControlPlane, world: World) -> AsyncIterator[Api]:
    """The connection of a chart that names every scheduler."""
    account = grants(job_controller, world.namespace, "--set", "gangSchedulers={Coscheduling,Volcano,KAI}")
    api = await connect(job_controller.kubeconfig_for_service_account(world.namespace, account))
    yield api
    await api.close()


def test_each_definition_takes_its_pod_group(control_plane: ControlPlane, namespace: str) -> None:
    """A PodGroup has no field that its scheduler does not know."""
    definitions.install(control_plane.kubectl, POD_GROUPS)
    kubectl = control_plane.kubectl.within(namespace)
    for scheduler, version in SCHEDULERS.items():
        where = plans.place(**SHORT, scheduling={"gang": {"scheduler": scheduler}, "priorityClassName": "urgent"})
        made = manifests.objects(plans.graph(where)["train"], where)
        [group] = [each for each in made if each["kind"] == naming.POD_GROUP]
        group["metadata"].pop("namespace")
        assert group["apiVersion"] == version
        kubectl("create", "--dry-run=server", "--validate=strict", manifest=[group])


async def test_the_pod_group_stands_before_the_pods(job_controller: ControlPlane, world: World, granted: Api) -> None:
    """It is the API server's, with all that its definition has, belongs to the Job, and then the Job starts."""
    definitions.install(job_controller.kubectl, POD_GROUPS)
    path = f"/apis/{SCHEDULERS['Volcano']}/namespaces/{world.namespace}/podgroups"
    world.operator_api = granted
    world.new_operator()
    world.play(lambda pod: RUNS if pod.stage == "train" else Ends())
    await world.apply(**SHORT, scheduling={"gang": {"scheduler": "Volcano"}})
    raw = await world.until(lambda raw: stage(raw, "train").get("jobs", [{}])[0].get("uid", "") != "")
    reference = stage(raw, "train")["jobs"][0]
    [group] = (await world.api.request("GET", path))["items"]
    assert (group["metadata"]["name"], group["spec"]["minMember"]) == (reference["name"], 2)
    assert [each["uid"] for each in group["metadata"]["ownerReferences"]] == [reference["uid"]]
    await world.until(stage_in("train", "Running"))
    world.play(lambda _pod: Ends())
    await world.until(in_phase("Succeeded"))


@pytest.mark.endurance
async def test_a_scheduler_that_is_not_there_is_named(job_controller: ControlPlane, world: World) -> None:
    """Without the right, or without the scheduler's definition, the run says what is refused, and no pod starts."""
    account = grants(job_controller, world.namespace)
    api = await connect(job_controller.kubeconfig_for_service_account(world.namespace, account))
    definitions.install(job_controller.kubectl, POD_GROUPS)
    try:
        world.operator_api = api
        world.new_operator()
        await world.apply(**SHORT, scheduling={"gang": {"scheduler": "Volcano"}})
        raw = await world.until(lambda raw: condition(raw, "Progressing").get("reason") == "Refused")
        assert "podgroups.scheduling.volcano.sh is forbidden" in condition(raw, "Progressing")["message"]
        job_controller.kubectl("delete", "customresourcedefinition", "podgroups.scheduling.volcano.sh")
        world.operator_api = world.api
        world.new_operator()
        raw = await world.until(lambda raw: "serves no" in condition(raw, "Progressing").get("message", ""))
        assert "it serves no PodGroup of scheduling.volcano.sh/v1beta1" in condition(raw, "Progressing")["message"]
        assert not [pod for pod in await world.pods_at_work() if pod.startswith("ssd-train-")]
    finally:
        await api.close()


@pytest.mark.endurance
async def test_half_a_gang_gives_its_nodes_back_and_ends_well(world: World) -> None:
    """One pod has a node and the other none for placementTimeout: no pod is left, and with room the run succeeds."""
    mended = False
    full = Waits(unschedulable=FULL)
    world.play(lambda pod: Ends() if pod.stage != "train" or mended else full if pod.index == 1 else RUNS)
    await world.apply(**SHORT, scheduling={"gang": {"placementTimeout": "5m"}})
    await world.until(stage_in("train", "Pending", "Running"))
    await world.step()
    [first, _] = sorted(await world.pods_at_work())
    await bind(world.api, world.namespace, first, node="gpu-1")
    await world.until(lambda raw: condition(raw, "Progressing").get("reason") == "Unschedulable")
    world.clock.ahead += timedelta(minutes=5, seconds=1)
    raw = await world.until(lambda raw: condition(raw, "Progressing").get("reason") == "HalfPlaced")
    assert "1 of 2 pods had a node for 5m" in stage(raw, "train")["message"]
    await collect(world.api, world.namespace, first)
    while await world.pods_at_work():
        await world.step()
    mended = True
    world.clock.ahead += timedelta(minutes=10)
    raw = await world.until(in_phase("Succeeded"))
    assert stage(raw, "train")["attempt"] == 2
    assert stage(raw, "train").get("failures", 0) == 0
