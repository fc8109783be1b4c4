"""One namespace of a real cluster with the operator in it, moved step by step.

Nothing runs in the background: a step shows the operator what the API server has, lets it look at every resource, and
moves the pods. So a test decides when anything happens, and a crash is just a new operator in the same world.
"""

import asyncio
import time
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any

from cluster.kubelet import Kubelet, Script
from cluster.worker import Workspace
from resources.sweeps import sweep_spec
from ssd_operator import naming
from ssd_operator.cluster import Api, Key, Store
from ssd_operator.cluster.views import view_pod
from ssd_operator.reconcile import Reconciler
from ssd_operator.reconcile.progress import Fetch, Reader
from ssd_operator.reconcile.sweeps import SweepReconciler
from ssd_operator.settings import Settings
from ssd_operator.spec.kinds import RESOURCE_KINDS

Raw = dict[str, Any]
MANAGED = f"{naming.LABEL_MANAGED}={naming.MANAGED_BY}"
CLAIM = "experiments"
MOST_PASSES = 30
PAUSE_S = 0.15


class Clock:
    """The real time, which a test can push forward."""

    def __init__(self) -> None:
        self.ahead = timedelta()

    def __call__(self) -> datetime:
        """Return now."""
        return datetime.now(tz=UTC) + self.ahead


async def nobody_answers(_url: str) -> str:
    """Answer for every worker."""
    return ""


class Operator:
    """One life of the operator: what it remembers, and nothing else."""

    def __init__(
        self,
        api: Api,
        namespace: str,
        *,
        clock: Callable[[], datetime],
        settings: Settings | None = None,
        get: Fetch = nobody_answers,
        seen_within_s: float = 0.0,
    ) -> None:
        self.api = api
        self.namespace = namespace
        self.store = Store()
        settings = settings or Settings(worker_metrics_port=0)
        progress = Reader(every_s=0, get=get)
        self.reconciler = Reconciler(
            api, self.store, settings, progress=progress, clock=clock, seen_within_s=seen_within_s
        )
        self.sweeps = SweepReconciler(api, self.store, settings, clock=clock)
        self.delays: dict[Key, float | None] = {}

    async def observe(self) -> None:
        """See everything as it is: what a watch would have shown by now."""
        await self._resources()
        await self._jobs()
        await self._pods()

    async def _resources(self) -> None:
        listed = [raw for kind in RESOURCE_KINDS async for raw in self.api.list(kind, self.namespace)]
        present = {self.store.put_resource(raw).key for raw in listed}
        for known in self.store.identities():
            if known.key not in present:
                self.store.drop_resource(known)

    async def _jobs(self) -> None:
        listed = [self.store.put_job(raw) async for raw in self.api.list("Job", self.namespace, selector=MANAGED)]
        present = {job.uid for job in listed}
        for job in self.store.jobs():
            if job.uid not in present:
                self.store.drop_job(job.namespace, job.name, uid=job.uid, version=job.version)

    async def _pods(self) -> None:
        listed = [view_pod(raw) async for raw in self.api.list("Pod", self.namespace, selector=MANAGED)]
        present = {pod.uid for pod in listed}
        known = [pod for job in self.store.jobs() for pod in self.store.pods(job.namespace, job.name)]
        for pod in {*known, *self.store.pods_at_work()}:
            if pod.uid not in present:
                self.store.drop_pod(pod)
        for pod in listed:
            self.store.keep_pod(pod)

    async def settle(self) -> None:
        """Look at every resource until none wants to be looked at again at once."""
        await self.observe()
        for key in self.store.known():
            reconciler = self.sweeps if key.kind == naming.SWEEP_KIND else self.reconciler
            for _ in range(MOST_PASSES):
                self.delays[key] = await reconciler.reconcile(key)
                if self.delays[key] != 0.0:
                    break
            else:
                raise AssertionError(f"{key} never comes to rest")


class World:
    """A namespace, its operator and its nodes."""

    def __init__(
        self, api: Api, namespace: str, *, settings: Settings | None = None, operator_api: Api | None = None
    ) -> None:
        self.api = api
        self.namespace = namespace
        self.settings = settings
        self.clock = Clock()
        self.kubelet = Kubelet(api, namespace, Workspace())
        self.operator_api = operator_api or api
        self.metrics: Fetch = nobody_answers
        self.seen_within_s = 0.0
        """How long what was only seen may wait to be written; most tests want to see every step."""
        self.operator = self.new_operator()

    def new_operator(self) -> Operator:
        """Start an operator that knows nothing."""
        self.operator = Operator(
            self.operator_api,
            self.namespace,
            clock=self.clock,
            settings=self.settings,
            get=self.metrics,
            seen_within_s=self.seen_within_s,
        )
        return self.operator

    def play(self, script: Script) -> None:
        """Let pods end as a script says from now on."""
        self.kubelet.script = script

    async def make_claim(self, name: str = CLAIM) -> None:
        """Make the claim that resources use."""
        spec = {"accessModes": ["ReadWriteMany"], "resources": {"requests": {"storage": "1Gi"}}}
        metadata = {"name": name, "namespace": self.namespace}
        claim = {"apiVersion": "v1", "kind": "PersistentVolumeClaim", "metadata": metadata, "spec": spec}
        await self.api.create(claim)

    async def apply(self, name: str = "toy", **spec: Any) -> Raw:
        """Make a resource."""
        body = {"preset": "toy", "storage": {"claimName": CLAIM}, "promotion": {}, **spec}
        return await self.api.create(
            {
                "apiVersion": naming.API_VERSION,
                "kind": naming.KIND,
                "metadata": {"name": name, "namespace": self.namespace},
                "spec": body,
            }
        )

    async def sweep(self, name: str = "heat", **spec: Any) -> Raw:
        """Make a sweep."""
        return await self.api.create(
            {
                "apiVersion": naming.API_VERSION,
                "kind": naming.SWEEP_KIND,
                "metadata": {"name": name, "namespace": self.namespace},
                "spec": sweep_spec(**spec),
            }
        )

    async def edit(self, name: str = "toy", *, kind: str = naming.KIND, **spec: Any) -> Raw:
        """Change fields of a resource's spec."""
        return await self.api.patch(kind, self.namespace, name, {"spec": spec})

    async def get(self, name: str = "toy", *, kind: str = naming.KIND) -> Raw:
        """Read a resource."""
        return await self.api.get(kind, self.namespace, name)

    async def cells(self) -> dict[str, Raw]:
        """Return all runs by name."""
        return {raw["metadata"]["name"]: raw async for raw in self.api.list(naming.KIND, self.namespace)}

    async def jobs(self) -> dict[str, Raw]:
        """Return all Jobs by name."""
        return {raw["metadata"]["name"]: raw async for raw in self.api.list("Job", self.namespace)}

    async def pods_at_work(self) -> list[str]:
        """Return the pods that have not ended."""
        found = [raw async for raw in self.api.list("Pod", self.namespace)]
        return [raw["metadata"]["name"] for raw in found if raw["status"].get("phase") in ("Pending", "Running")]

    async def step(self) -> None:
        """Let the operator look, then the nodes work."""
        await self.operator.settle()
        await self.kubelet.step()

    async def until(
        self, reached: Callable[[Raw], bool], *, name: str = "toy", kind: str = naming.KIND, seconds: float = 300
    ) -> Raw:
        """Step until a resource is as wanted, and return it."""
        deadline = time.monotonic() + seconds
        while True:
            await self.step()
            raw = await self.get(name, kind=kind)
            if reached(raw):
                return raw
            assert time.monotonic() < deadline, f"never reached: {raw.get('status')}"
            await asyncio.sleep(PAUSE_S)


def phase(raw: Raw) -> str:
    """Return a resource's phase."""
    return str(raw.get("status", {}).get("phase", ""))


def stage(raw: Raw, name: str) -> Raw:
    """Return a stage of a resource's status, empty when it is not there yet."""
    return next((each for each in raw.get("status", {}).get("stages", []) if each["name"] == name), {})


def condition(raw: Raw, kind: str) -> Raw:
    """Return a condition of a resource's status."""
    return next((each for each in raw.get("status", {}).get("conditions", []) if each["type"] == kind), {})


def in_phase(wanted: str) -> Callable[[Raw], bool]:
    """Return a test for a resource's phase."""
    return lambda raw: phase(raw) == wanted


def stage_in(name: str, *phases: str) -> Callable[[Raw], bool]:
    """Return a test for a stage's phase."""
    return lambda raw: stage(raw, name).get("phase") in phases
