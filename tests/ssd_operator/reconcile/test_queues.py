"""Kueue, whose part is played here: it admits Jobs, says why it does not yet, and counts their places.

Its Workloads are a definition of the same name on the real API server. Its visibility server is an API server of its
own, so that one answer is given by the connection of the test.
"""

from pathlib import Path

import pytest

from cluster.charts import grants
from cluster.transports import Passing, answer
from cluster.world import World, condition, phase, stage
from controlplane import definitions
from controlplane.plane import ControlPlane
from ssd_operator.cluster import Api, ApiError, connect
from ssd_operator.cluster.transport import Answer, Request, Transport
from ssd_operator.settings import Settings

WORKLOADS = Path(__file__).with_name("kueue-workloads.yaml")
NOTHING_FREE = "couldn't assign flavors to pod set main: insufficient unused quota for nvidia.com/gpu, 4 more needed"


class Kueue(Passing):
    """A connection on which Kueue's visibility server answers too."""

    def __init__(self, inner: Transport) -> None:
        super().__init__(inner)
        self.pending: list[str] = []
        """Workloads, first come first."""

    async def send(self, request: Request) -> Answer:
        """Answer for the visibility server, or pass the request on."""
        if request.path.startswith("/apis/visibility.kueue.x-k8s.io/v1beta2/") and request.path.endswith(
            "/team-a/pendingworkloads"
        ):
            places = enumerate(self.pending)
            pending = [{"metadata": {"name": name}, "positionInLocalQueue": place} for place, name in places]
            return answer({"items": pending})
        return await super().send(request)


async def admitted(world: World) -> None:
    """Let every Job run as soon as it is there, until the run has succeeded."""
    for _ in range(400):
        for name, job in (await world.jobs()).items():
            if job["spec"]["suspend"]:
                await world.api.patch("Job", world.namespace, name, {"spec": {"suspend": False}})
        await world.step()
        if phase(await world.get()) == "Succeeded":
            return
    raise AssertionError(await world.get())


async def test_a_queue_decides_when_a_job_runs(world: World) -> None:
    """With Kueue (its part is played here) nothing starts before admission, and nobody fights over suspend."""
    await world.apply(scheduling={"queue": "team-a"})
    raw = await world.until(lambda raw: condition(raw, "Progressing").get("reason") == "Queued")
    assert "queue team-a" in condition(raw, "Progressing")["message"]
    assert await world.pods_at_work() == []

    await admitted(world)


async def test_a_queued_stage_says_what_kueue_says(job_controller: ControlPlane, world: World) -> None:
    """Its place and the reason of its Workload are in the stage, without a pass for every second of waiting."""
    definitions.install(job_controller.kubectl, [WORKLOADS])
    kueue = Kueue(world.api.transport)
    world.operator_api = Api(kueue)
    world.settings = Settings(worker_metrics_port=0, kueue=True)
    world.new_operator()
    await world.apply(scheduling={"queue": "team-a"})
    raw = await world.until(lambda raw: stage(raw, "prepare").get("jobs", [{}])[0].get("uid", "") != "")
    await queue_up(world, stage(raw, "prepare")["jobs"][0]["uid"])
    kueue.pending = ["other", "job-prepare"]
    world.new_operator()
    raw = await world.until(lambda raw: "position" in stage(raw, "prepare")["message"])
    assert stage(raw, "prepare")["message"] == f"waits in queue team-a for admission, position 2: {NOTHING_FREE}"
    assert condition(raw, "Progressing")["reason"] == "Queued"
    [delay] = world.operator.delays.values()
    assert delay is not None
    assert 10 < delay <= 31
    await admitted(world)


async def queue_up(world: World, uid: str) -> None:
    """Make the Workload that Kueue would make for a Job, pending."""
    path = f"/apis/kueue.x-k8s.io/v1beta2/namespaces/{world.namespace}/workloads"
    labels = {"kueue.x-k8s.io/job-uid": uid}
    pending = {"type": "QuotaReserved", "status": "False", "reason": "Pending", "message": NOTHING_FREE}
    await world.api.request(
        "POST",
        path,
        body={
            "apiVersion": "kueue.x-k8s.io/v1beta2",
            "kind": "Workload",
            "metadata": {"name": "job-prepare", "namespace": world.namespace, "labels": labels},
            "status": {"conditions": [pending]},
        },
    )


async def test_the_chart_lets_the_operator_read_workloads(job_controller: ControlPlane, world: World) -> None:
    """With `kueue.enabled` the chart's account may list Workloads; without it may not."""
    definitions.install(job_controller.kubectl, [WORKLOADS])
    path = f"/apis/kueue.x-k8s.io/v1beta2/namespaces/{world.namespace}/workloads"
    for options, allowed in (([], False), (["--set", "kueue.enabled=true"], True)):
        account = grants(job_controller, world.namespace, *options)
        api = await connect(job_controller.kubeconfig_for_service_account(world.namespace, account))
        try:
            if allowed:
                assert (await api.request("GET", path))["items"] == []
            else:
                with pytest.raises(ApiError, match="forbidden"):
                    await api.request("GET", path)
        finally:
            await api.close()
