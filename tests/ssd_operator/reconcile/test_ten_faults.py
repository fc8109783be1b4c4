"""Ten faults that happen to every platform: the resource alone names the cause and the remedy, and the remedy works.

Each is planted on the real API server, or played as a real node would show it. A person reads no more than
`kubectl get sd -o wide`, `kubectl describe` and `kubectl sd why`, does what stands there, and the run succeeds.
"""

import asyncio
import re
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
import yaml

from cluster.kubelet import RUNS, Ends, Pod, Waits
from cluster.plugin import Plugin
from cluster.pods import bind, collect
from cluster.world import World, condition, in_phase, stage_in
from controlplane.plane import ControlPlane
from ssd_jobs.artifacts.disk import full
from ssd_operator.cluster import ApiError
from ssd_operator.cluster.paths import KINDS
from ssd_operator.settings import Settings

pytestmark = pytest.mark.endurance

GOOD_IMAGE, MISSING_IMAGE = "registry.lab/ssd-worker:1", "registry.lab/ssd-wroker:1"
MLFLOW = "MLflow at http://mlflow:5000 does not answer (Connection refused); start it, the same run goes on then"
NO_END = "/workspace/models/base: names no end-of-sequence token; add eos_token_id to its generation_config.json"


class Person:
    """Who plants a fault, reads what the resource says, and types what stands there."""

    def __init__(self, world: World, plane: ControlPlane) -> None:
        self.world = world
        self.kubectl = plane.kubectl.within(world.namespace)
        self.sd = Plugin(plane, world.namespace)
        self.mended = False
        """What a node sees once the remedy was carried out."""

    def nodes(self, fault: object, *, on: Callable[[Pod], bool]) -> None:
        """Let nodes show a fault on these pods, until it is mended."""
        self.world.play(lambda pod: fault if on(pod) and not self.mended else Ends())

    async def apply(self, **spec: Any) -> None:
        """Make the resource, with the shortest graph."""
        await self.world.apply(promotion={"gate": {"baseline": "Fixed"}}, **spec)

    def types(self, command: str) -> None:
        """Carry out a command of kubectl as it is printed."""
        self.kubectl(*command.split()[1:])


Step = Callable[[Person], Awaitable[None]]
Remedy = Callable[[Person, str], Awaitable[None]]


@dataclass(frozen=True)
class Fault:
    """One fault."""

    plant: Step
    reason: str
    says: tuple[str, ...]
    """The cause, then the remedy."""
    remedy: Remedy
    later: timedelta = timedelta()
    """How far the clock goes on before the fault shows."""


def printed(message: str, beginning: str) -> str:
    """Return the command in a message that begins like this."""
    found = re.search(rf"({re.escape(beginning)} \S+?)(?=[,;]?\s|$)", message)
    assert found is not None, message
    return found[1]


async def no_image(person: Person) -> None:
    world = person.world
    world.settings = Settings(worker_image=MISSING_IMAGE, worker_metrics_port=0)
    world.new_operator()
    pull = Waits(reason="ImagePullBackOff", message=f'Back-off pulling image "{MISSING_IMAGE}"')
    world.play(lambda pod: pull if pod.config.execution.image == MISSING_IMAGE else Ends())
    await person.apply()


async def correct_image(person: Person, message: str) -> None:
    person.world.settings = Settings(worker_image=GOOD_IMAGE, worker_metrics_port=0)
    person.world.new_operator()
    person.types(printed(message, "kubectl delete job"))


async def small_quota(person: Person) -> None:
    await limit(person.world, pods="0")
    await person.apply()
    await person.world.until(stage_in("prepare", "Pending"))


async def raise_quota(person: Person, _message: str) -> None:
    await person.world.api.patch("ResourceQuota", person.world.namespace, "small", {"spec": {"hard": {"pods": "50"}}})


async def a_policy(person: Person) -> None:
    name, world = person.world.namespace, person.world
    here = {"matchLabels": {"kubernetes.io/metadata.name": name}}
    jobs = {"apiGroups": ["batch"], "apiVersions": ["v1"], "operations": ["CREATE"], "resources": ["jobs"]}
    expression = "'team' in object.spec.template.metadata.labels"
    policy = {
        "matchConstraints": {"resourceRules": [jobs], "namespaceSelector": here},
        "validations": [{"expression": expression, "message": "spec.pod.labels must name a team"}],
    }
    binding = {"policyName": name, "validationActions": ["Deny"]}
    api = {"apiVersion": "admissionregistration.k8s.io/v1", "metadata": {"name": name}}
    person.kubectl.apply([
        {**api, "kind": "ValidatingAdmissionPolicy", "spec": policy},
        {**api, "kind": "ValidatingAdmissionPolicyBinding", "spec": binding},
    ])  # fmt: skip
    await refuses_jobs(world)
    await person.apply()


async def refuses_jobs(world: World) -> None:
    """Wait until the API server applies the policy: that takes it a moment."""
    pod = {"restartPolicy": "Never", "containers": [{"name": "c", "image": "c"}]}
    template = {"metadata": {"labels": {"a": "b"}}, "spec": pod}
    body = {"apiVersion": "batch/v1", "kind": "Job", "metadata": {"name": "probe", "namespace": world.namespace}}
    while True:
        try:
            path = KINDS["Job"].path(world.namespace)
            job = {**body, "spec": {"template": template}}
            await world.api.request("POST", path, query={"dryRun": "All"}, body=job)
        except ApiError as error:
            if error.refused:
                return
            raise
        await asyncio.sleep(0.1)


async def name_a_team(person: Person, _message: str) -> None:
    await person.world.edit(pod={"labels": {"team": "lab"}})


async def no_claim(person: Person) -> None:
    await person.apply(storage={"claimName": "elsewhere"})


async def make_claim(person: Person, _message: str) -> None:
    await person.world.make_claim("elsewhere")


async def no_secret(person: Person) -> None:
    missing = Waits(reason="CreateContainerConfigError", message='secret "hub" not found')
    person.nodes(missing, on=lambda pod: pod.stage == "prepare")
    source = {"secretKeyRef": {"name": "hub", "key": "token"}}
    await person.apply(prompts={"pod": {"env": [{"name": "HF_TOKEN", "valueFrom": source}]}})


async def make_secret(person: Person, message: str) -> None:
    assert f"in namespace {person.world.namespace}" in message
    person.kubectl("create", "secret", "generic", "hub", "--from-literal=token=x")
    person.mended = True


async def lost_node(person: Person) -> None:
    world = person.world
    person.kubectl("create", manifest={"apiVersion": "v1", "kind": "Node", "metadata": {"name": world.namespace}})
    person.nodes(RUNS, on=lambda _pod: True)
    await person.apply()
    await world.until(stage_in("prepare", "Running"))
    [pod] = await world.pods_at_work()
    await bind(world.api, world.namespace, pod, node=world.namespace)
    await world.api.request("DELETE", KINDS["Pod"].path(world.namespace, pod), body={"gracePeriodSeconds": 30})


async def delete_node(person: Person, message: str) -> None:
    [pod] = await person.world.pods_at_work()
    person.types(printed(message, "kubectl delete node"))
    person.mended = True
    await collect(person.world.api, person.world.namespace, pod)


async def half_a_gang(person: Person) -> None:
    full_up = Waits(unschedulable="0/9 nodes are available: 9 Insufficient nvidia.com/gpu.")
    person.world.play(
        lambda pod: Ends() if pod.stage != "train" or person.mended else full_up if pod.index == 1 else RUNS
    )
    await person.apply(training={"nodes": 2})


async def make_room(person: Person, _message: str) -> None:
    person.mended = True


async def mlflow_away(person: Person) -> None:
    person.nodes(Ends(code=75, message=MLFLOW), on=lambda pod: pod.stage == "report")
    await person.apply()


async def start_mlflow(person: Person, _message: str) -> None:
    person.mended = True


async def full_volume(person: Person) -> None:
    words = str(full(Path("/workspace/checkpoints")))
    person.nodes(Ends(code=75, message=words), on=lambda pod: pod.stage == "train")
    await person.apply()


async def free_space(person: Person, _message: str) -> None:
    person.mended = True
    person.world.clock.ahead += timedelta(minutes=10)


async def bad_model(person: Person) -> None:
    person.nodes(Ends(code=64, message=NO_END), on=lambda pod: pod.stage == "prepare")
    await person.apply()


async def correct_model(person: Person, message: str) -> None:
    person.mended = True
    found = re.search(r"set spec.rerun to (\{.*\})", message)
    assert found is not None, message
    await person.world.edit(rerun=yaml.safe_load(found[1]))


FAULTS = {
    "image": Fault(no_image, "ImagePull", (MISSING_IMAGE, "image.prefix and image.tag of the chart"), correct_image),
    "quota": Fault(
        small_quota, "NoPods", ("exceeded quota: small", "allow them"), raise_quota, later=timedelta(minutes=1)
    ),
    "policy": Fault(
        a_policy, "Refused", ("spec.pod.labels must name a team", "change what it objects to"), name_a_team
    ),
    "claim": Fault(no_claim, "ClaimNotFound", ("PersistentVolumeClaim elsewhere", "create it"), make_claim),
    "secret": Fault(no_secret, "PodConfig", ('secret "hub" not found', "make it in namespace"), make_secret),
    "node lost": Fault(
        lost_node, "PodLost", ("node test-", "kubectl delete node"), delete_node, later=timedelta(minutes=2)
    ),
    "half a gang": Fault(
        half_a_gang,
        "Unschedulable",
        ("9 Insufficient nvidia.com/gpu; ", "1 of 2 pods have one", "make room"),
        make_room,
    ),
    "MLflow away": Fault(mlflow_away, "Temporary", ("mlflow:5000 does not answer", "start it"), start_mlflow),
    "full volume": Fault(full_volume, "Temporary", ("no space left on the volume", "free some"), free_space),
    "bad model": Fault(bad_model, "StageFailed", ("end-of-sequence token", "add eos_token_id"), correct_model),
}


@pytest.mark.parametrize("name", FAULTS)
async def test_a_fault_names_its_remedy_and_that_works(name: str, world: World, job_controller: ControlPlane) -> None:
    """`get`, `describe`, the events and `kubectl sd why` say the same: what helps; done as printed, it helps."""
    fault, person = FAULTS[name], Person(world, job_controller)
    await fault.plant(person)
    world.clock.ahead += fault.later
    raw = await world.until(lambda raw: says(raw, fault), seconds=120)
    message = condition(raw, "Progressing")["message"]
    assert [each for each in await warnings(world) if message[:900] in each["message"]]
    for told in (
        person.kubectl("get", "sd", "toy", "-o", "wide"),
        person.kubectl("describe", "sd", "toy"),
        await person.sd.tells("why", "toy"),
    ):
        assert fault.reason in told
        assert message in told
    await fault.remedy(person, message)
    await world.until(in_phase("Succeeded"))


def says(raw: dict[str, Any], fault: Fault) -> bool:
    """Tell whether the resource names the fault and what helps."""
    found = condition(raw, "Progressing")
    return found.get("reason") == fault.reason and all(words in found["message"] for words in fault.says)


async def warnings(world: World) -> list[dict[str, Any]]:
    """Return the warnings about the resource."""
    listed = [raw async for raw in world.api.list("Event", world.namespace)]
    return [raw for raw in listed if raw["type"] == "Warning" and raw["involvedObject"]["name"] == "toy"]


async def limit(world: World, **hard: str) -> None:
    """Let the namespace have no more than this, and wait until the quota is counted."""
    metadata = {"name": "small", "namespace": world.namespace}
    await world.api.create(
        {"apiVersion": "v1", "kind": "ResourceQuota", "metadata": metadata, "spec": {"hard": dict(hard)}}
    )
    while True:
        quota = await world.api.get("ResourceQuota", world.namespace, "small")
        if "hard" in quota.get("status", {}):
            return
        await asyncio.sleep(0.1)
