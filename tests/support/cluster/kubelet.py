"""The kubelet's part against a real API server: pods start, end, say something, or are taken away.

One `step` moves every pod of a namespace once. A `script` decides how a pod ends, and by None that no node has it yet;
without one it does its work.
"""

import asyncio
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from cluster import pod_status
from cluster.worker import Place, Workspace
from ssd_jobs import contract
from ssd_operator import naming
from ssd_operator.cluster import Api, ApiError
from ssd_operator.cluster.paths import KINDS

Raw = dict[str, Any]
UNFINISHED = "status.phase!=Succeeded,status.phase!=Failed"
UNFINISHED_PHASES = frozenset({None, "Pending", "Running"})
AT_ONCE = 20
CLAIM_VOLUME = "persistentVolumeClaim"


@dataclass(frozen=True)
class Pod:
    """A pod, as a script sees it."""

    name: str
    stage: str
    job: str
    index: int
    attempt: int
    config: contract.Config
    running: bool


@dataclass(frozen=True)
class Ends:
    """How a pod ends; `message` None is what the worker would have said."""

    code: int = 0
    message: str | None = None
    disrupted: bool = False
    reason: str = ""


@dataclass(frozen=True)
class Waits:
    """Why a pod does not start."""

    unschedulable: str = ""
    reason: str = ""
    message: str = ""


RUNS = object()
"""The pod goes on running."""
Script = Callable[[Pod], object]


def runs_on(stage: str) -> Script:
    """Return a script under which a stage runs on and everything else ends well."""
    return lambda pod: RUNS if pod.stage == stage else Ends()


@dataclass
class Kubelet:
    """Plays all nodes of one namespace."""

    api: Api
    namespace: str
    workspace: Workspace = field(default_factory=Workspace)
    script: Script = lambda _pod: Ends()
    ended: list[tuple[Pod, Ends]] = field(default_factory=list)
    configs: dict[str, contract.Config] = field(default_factory=dict)
    """ConfigMaps are immutable: each is read once."""

    async def step(self) -> None:
        """Start what is new, and let what runs end as the script says."""
        query = {"labelSelector": f"{naming.LABEL_MANAGED}={naming.MANAGED_BY}", "fieldSelector": UNFINISHED}
        listed = await self.api.request("GET", KINDS["Pod"].path(self.namespace), query=query)
        alive = [raw for raw in listed["items"] if "deletionTimestamp" not in raw["metadata"]]
        self.workspace.keep_only({raw["metadata"]["name"] for raw in alive})
        turns = [self.turn(raw) for raw in alive]
        for start in range(0, len(turns), AT_ONCE):
            await asyncio.gather(*turns[start : start + AT_ONCE])

    async def turn(self, raw: Raw) -> bool:
        """Move one pod; tell whether its config is there, without which it waits."""
        pod = await self._describe(raw)
        if pod is not None:
            await self._move(raw, pod, raw["status"].get("phase", "Pending"))
        return pod is not None

    async def _move(self, raw: Raw, pod: Pod, phase: str) -> None:
        decision = self.script(pod)
        match decision:
            case None:
                pass  # no node has it
            case Waits():
                await self._write(raw, _waiting(raw, decision))
            case Ends() if phase == "Running":
                message = decision.message
                if message is None:
                    message = self.workspace.complete(pod.config, pod.index) if decision.code == 0 else "it broke"
                self.workspace.end(_place(raw, pod), pod.name)
                self.ended.append((pod, decision))
                await self._write(raw, _ended(raw, decision, message))
            case _ if phase == "Pending":
                self.workspace.begin(_place(raw, pod), pod.name)
                await self._write(raw, pod_status.running(raw))

    async def _describe(self, raw: Raw) -> Pod | None:
        """Return a stage's pod whose config can be mounted; a real one would wait for it too."""
        metadata = raw["metadata"]
        if naming.LABEL_STAGE not in metadata["labels"]:
            return None
        name = next(each["configMap"]["name"] for each in raw["spec"]["volumes"] if each["name"] == "config")
        if name not in self.configs:
            try:
                found = await self.api.get("ConfigMap", self.namespace, name)
            except ApiError:
                return None
            self.configs[name] = contract.loads(found["data"][naming.CONFIG], source=name)
        return Pod(
            name=metadata["name"],
            stage=metadata["labels"][naming.LABEL_STAGE],
            job=metadata["labels"][naming.LABEL_JOB],
            index=int(metadata["annotations"]["batch.kubernetes.io/job-completion-index"]),
            attempt=int(metadata["labels"][naming.LABEL_ATTEMPT]),
            config=self.configs[name],
            running=raw["status"].get("phase") == "Running",
        )

    async def _write(self, raw: Raw, status: Raw) -> None:
        path = KINDS["Pod"].path(self.namespace, raw["metadata"]["name"], "status")
        try:
            await self.api.request("PATCH", path, body={"status": status}, content_type="application/merge-patch+json")
        except ApiError as error:
            if not error.missing:
                raise


def _place(raw: Raw, pod: Pod) -> Place:
    """Return what a pod works on, and on which claim."""
    claims = (each[CLAIM_VOLUME]["claimName"] for each in raw["spec"]["volumes"] if CLAIM_VOLUME in each)
    return (next(claims, ""), pod.config.key, pod.index)


def _ended(raw: Raw, ends: Ends, message: str) -> Raw:
    return pod_status.ended(raw, code=ends.code, message=message, reason=ends.reason, disrupted=ends.disrupted)


def _waiting(raw: Raw, waits: Waits) -> Raw:
    if waits.unschedulable:
        return pod_status.unschedulable(waits.unschedulable)
    return pod_status.pending(raw, reason=waits.reason, message=waits.message)
