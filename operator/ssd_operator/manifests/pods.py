"""The pod of a stage: one template for all, with a sandbox beside the worker where foreign programs run.

The user's `pod` is laid over it: image, resources, environment, volumes. What keeps the pod restricted, what it sees of
the workspace and what it is told to do cannot be changed that way; `placement` says where it may run.
"""

from ssd_jobs.contract import host_memory
from ssd_operator import naming
from ssd_operator.manifests import gangs, kueue, mounts, resources, secure
from ssd_operator.manifests.place import Object, Place
from ssd_operator.manifests.placement import placement
from ssd_operator.manifests.secrets import environment, secret_sources
from ssd_operator.plan import Node
from ssd_operator.spec.pod import Pod

__all__ = ["containers", "image", "template"]

COMMAND = ["python", "-m", "ssd_jobs", naming.CONFIG_FILE]
SANDBOX_FOLDER = naming.SANDBOX_SOCKET.rsplit("/", 1)[0]


def image(node: Node, place: Place) -> str:
    """Return the image that runs this stage."""
    images = {"worker": place.settings.worker_image, "grader": place.settings.grader_image}
    return place.pod(node).image or images[node.row.image]


def template(node: Node, place: Place, *, attempt: int, subdomain: str = "") -> Object:
    """Return the pod template of a stage's Job."""
    asked = place.pod(node)
    own = {naming.LABEL_NETWORK: "none"} if node.needs_sandbox else {}
    job, by = place.job_name(node, attempt), gangs.scheduler(node, place)
    labels = by.labels(job, place.spec.scheduling.gang.queue) if by else {}
    annotations = {**kueue.pod_annotations(node, place), **(by.annotations(job) if by else {})}
    return {
        "metadata": {
            "labels": {**asked.labels, **labels, **place.labels(node, attempt), **own},
            "annotations": {**asked.annotations, **annotations, naming.ANNOTATION_KEY: node.key},
        },
        "spec": {
            "restartPolicy": "Never",
            "automountServiceAccountToken": False,
            "enableServiceLinks": False,
            "terminationGracePeriodSeconds": node.row.grace_s,
            "securityContext": secure.pod(),
            **_containers(node, place, asked),
            "volumes": [*_volumes(node, place, attempt), *mounts.own_volumes(asked)],
            **({"subdomain": subdomain} if subdomain else {}),
            **placement(node, place, asked, job=job),
        },
    }


def containers(node: Node, place: Place) -> list[Object]:
    """Return every container of a stage's pod."""
    found = _containers(node, place, place.pod(node))
    return [*found.get("initContainers", []), *found["containers"]]


def _containers(node: Node, place: Place, asked: Pod) -> Object:
    """Return the worker, and the sandbox as a native sidecar where the stage needs one."""
    containers: Object = {"containers": [_worker(node, place, asked)]}
    if node.limits is not None:
        containers["initContainers"] = [_sandbox(node, place, asked, memory_mb=node.limits.memory_mb)]
    return containers


def _worker(node: Node, place: Place, asked: Pod) -> Object:
    """Return the container that runs the stage."""
    settings = place.settings
    port = node.config.execution.metrics_port
    container: Object = {
        "name": naming.WORKER,
        "image": image(node, place),
        "imagePullPolicy": settings.image_pull_policy,
        "command": list(COMMAND),
        "env": environment(node, place, asked),
        "envFrom": secret_sources(node, place),
        "ports": [{"name": "progress", "containerPort": port}] if port and not node.needs_sandbox else [],
        "resources": _needs(node, place, asked),
        "securityContext": secure.container(),
        "terminationMessagePolicy": "File",
        "volumeMounts": [*_inside(node), *mounts.own_mounts(asked)],
    }
    return {name: value for name, value in container.items() if value != []}


def _needs(node: Node, place: Place, asked: Pod) -> Object:
    """Return what the worker asks for; claims of devices stand for its GPUs unless these have a name of their own."""
    if node.needs_sandbox:
        return resources.grader(place.spec.evaluation.grader_resources)
    gpus = node.gpus if asked.gpu_resource or not asked.resource_claims else 0
    name = asked.gpu_resource or place.settings.gpu_resource
    claims = [claim.name for claim in asked.resource_claims]
    least = resources.least(_memory(node, place), gpus=node.gpus)
    return resources.worker(asked.resources, least=least, gpus=gpus, gpu_resource=name, claims=claims)


def _memory(node: Node, place: Place) -> int:
    """Return how much memory a stage needs by the model's size, 0 where that is not known or does not matter."""
    if place.model is None or not node.row.uses_torch:
        return 0
    if not node.is_gang:
        return host_memory.host_bytes(place.model, "Engine", gpus=node.gpus)
    adapters = place.spec.training.lora.rank > 0
    return host_memory.host_bytes(place.model, "Training", gpus=node.gpus, pods=node.tasks, adapters=adapters)


def _inside(node: Node) -> list[Object]:
    """Return what the worker sees beside its image."""
    volume_mounts: list[Object] = [
        {"name": "config", "mountPath": naming.CONFIG_FILE.rsplit("/", 1)[0], "readOnly": True},
        {"name": "tmp", "mountPath": "/tmp"},  # noqa: S108 - the pod's own, empty at start
        *mounts.mounts(node),
    ]
    if node.needs_sandbox:
        volume_mounts.append({"name": "sandbox", "mountPath": SANDBOX_FOLDER})
    if node.row.uses_torch:
        volume_mounts.append({"name": "shm", "mountPath": "/dev/shm"})  # noqa: S108 - a memory volume of the pod
    return volume_mounts


def _sandbox(node: Node, place: Place, asked: Pod, *, memory_mb: int) -> Object:
    """Return the container in which foreign programs run: no volume but the socket's, and no environment."""
    needs, workers = resources.sandbox(asked.resources, memory_mb=memory_mb)
    command = ["python", "-m", "ssd_jobs.sandbox", f"--socket={naming.SANDBOX_SOCKET}"]
    command += [f"--workers={workers}", f"--memory-mb={memory_mb}"]
    if place.spec.evaluation.allow_weak_isolation:
        command.append("--allow-weak-isolation")
    return {
        "name": naming.SANDBOX,
        "image": image(node, place),
        "imagePullPolicy": place.settings.image_pull_policy,
        "command": command,
        "restartPolicy": "Always",
        "resources": needs,
        "securityContext": secure.container(uid=secure.SANDBOX_UID),
        "volumeMounts": [{"name": "sandbox", "mountPath": SANDBOX_FOLDER}],
    }


def _volumes(node: Node, place: Place, attempt: int) -> list[Object]:
    """Return the volumes: the config, the claim, and what the pod has for itself."""
    config = naming.config_map_name(node.kind, claim_uid=place.claim_uid, key=node.key, attempt=attempt)
    volumes: list[Object] = [
        {"name": "config", "configMap": {"name": config}},
        {"name": "workspace", "persistentVolumeClaim": {"claimName": place.claim}},
        {"name": "tmp", "emptyDir": {"sizeLimit": place.settings.tmp_size}},
    ]
    if node.needs_sandbox:
        volumes.append({"name": "sandbox", "emptyDir": {"medium": "Memory", "sizeLimit": "1Mi"}})
    if node.row.uses_torch:
        volumes.append({"name": "shm", "emptyDir": {"medium": "Memory", "sizeLimit": place.settings.shm_size}})
    return volumes
