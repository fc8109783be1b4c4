"""The rights that the chart grants are enough for a whole life, and none of them is unused."""

from collections.abc import AsyncIterator
from datetime import timedelta

import pytest

from cluster.charts import grants, rights
from cluster.kubelet import RUNS, Ends
from cluster.transports import Passing
from cluster.world import World, condition, in_phase, stage_in
from controlplane.plane import ControlPlane
from ssd_operator import naming
from ssd_operator.cluster import Api, ApiError, Key, connect, run_key
from ssd_operator.cluster.transport import Answer, Request, Transport

VERBS = {"POST": "create", "PUT": "update", "PATCH": "patch", "DELETE": "delete"}
BY_KOPF = {("watch", name) for name in (naming.PLURAL, naming.SWEEP_PLURAL, "jobs", "pods")}


class Auditor(Passing):
    """Notes which verb was used on which resource."""

    def __init__(self, inner: Transport) -> None:
        super().__init__(inner)
        self.used: set[tuple[str, str]] = set()

    async def send(self, request: Request) -> Answer:
        """Send a request and note it."""
        parts = request.path.split("/")
        [plural, *rest] = parts[parts.index("namespaces") + 2 :]
        resource = f"{plural}/status" if rest[-1:] == ["status"] else plural
        self.used.add((VERBS.get(request.verb) or ("get" if rest else "list"), resource))
        return await super().send(request)


@pytest.fixture
async def operator(job_controller: ControlPlane, world: World) -> AsyncIterator[Auditor]:
    """A connection with the rights of the chart's service account."""
    account = grants(job_controller, world.namespace)
    api = await connect(job_controller.kubeconfig_for_service_account(world.namespace, account))
    yield Auditor(api.transport)
    await api.close()


async def test_a_whole_life_uses_what_is_granted(world: World, operator: Auditor) -> None:
    """Run, wait for pods, suspend, share, plan, expire, sweep: it works with the chart's rights, and needs each."""
    world.operator_api = Api(operator)
    world.new_operator()
    world.play(lambda pod: RUNS if pod.stage in ("sample", "train") else Ends())
    quota = {"kind": "ResourceQuota", "metadata": {"name": "small", "namespace": world.namespace}}
    await world.api.create({"apiVersion": "v1", **quota, "spec": {"hard": {"pods": "0"}}})
    await world.apply(storage={"template": {"size": "1Gi"}}, ttlAfterFinished="1h", deadline="2h")
    await world.until(stage_in("prepare", "Pending"))
    world.clock.ahead += timedelta(minutes=1)
    await world.until(lambda raw: condition(raw, "Progressing").get("reason") == "NoPods")
    await world.api.delete("ResourceQuota", world.namespace, "small", preconditions={}, foreground=False)
    for name in ("sample", "train"):
        await world.until(stage_in(name, "Running"))
        await world.edit(suspend=True)
        await world.until(in_phase("Suspended"))
        world.play(lambda pod: RUNS if pod.stage == "train" else Ends())
        await world.edit(suspend=False)
    world.play(lambda _pod: Ends())
    await world.until(in_phase("Succeeded"))
    await world.apply("plan", mode="Plan")
    planned = await world.until(in_phase("Planned"), name="plan")
    assert condition(planned, "Accepted")["status"] == "True"
    await world.operator.reconciler.prefetch(world.namespace)
    await world.api.create({**BROKEN, "metadata": {"name": "twice", "namespace": world.namespace}})
    await again(world)
    await study(world)
    granted = {
        (verb, resource)
        for rule in rights(world.namespace)[0]["rules"]
        for resource in rule["resources"]
        for verb in rule["verbs"]
    }
    assert operator.used <= granted
    assert granted - operator.used - BY_KOPF == set()


BROKEN = {
    "apiVersion": naming.API_VERSION,
    "kind": naming.KIND,
    "spec": {"preset": "no-such-preset", "storage": {"claimName": "experiments"}},
}


async def again(world: World) -> None:
    """Let the same be told a second time by an operator that was overtaken, and a time to live be over."""
    await world.step()
    body = await world.get("twice")
    await world.api.replace_status({**body, "status": {}})
    world.new_operator()
    await world.operator.observe()
    await world.edit("twice", deadline="3h")
    key = run_key(world.namespace, "twice")
    assert await world.operator.reconciler.reconcile(key) == 0.0
    await world.step()
    world.clock.ahead += timedelta(hours=2)
    await world.step()
    with pytest.raises(ApiError, match="404"):
        await world.get("toy")


async def study(world: World) -> None:
    """Let a sweep be made, changed, overtaken by a person, and suspended."""
    axis = {"name": "Ttrain", "field": "sampling.temperature", "values": [0.5, 1.0]}
    await world.sweep(axes=[axis], replicates=1, cells=None, baseline=None)
    await world.operator.settle()
    await world.edit("heat", kind=naming.SWEEP_KIND, template={"spec": {"deadline": "9h"}})
    await world.operator.settle()
    await world.edit("heat", kind=naming.SWEEP_KIND, suspend=True)
    await world.operator.observe()
    await world.edit("heat", kind=naming.SWEEP_KIND, parallel=2)
    key = Key(naming.SWEEP_KIND, world.namespace, "heat")
    assert await world.operator.sweeps.reconcile(key) == 0.0
    await world.operator.settle()
    runs = (await world.cells()).values()
    stopped = [raw for raw in runs if naming.ANNOTATION_SUSPENDED_BY in raw["metadata"].get("annotations", {})]
    assert [raw["spec"]["suspend"] for raw in stopped] == [True, True]
    await world.edit("heat", kind=naming.SWEEP_KIND, axes=[axis | {"values": [0.5]}])
    await world.operator.settle()
