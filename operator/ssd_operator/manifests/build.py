"""The objects of one attempt at a stage: a ConfigMap, a Job, and a Service when the pods must find each other.

There are two shapes of Job. Sharded: every index for itself, finished ones are kept. Gang: all or none. A Job is
never changed after it was made, except for `suspend` and for who owns it.
"""

from ssd_jobs import contract
from ssd_operator import naming
from ssd_operator.manifests import failures, gangs, kueue, placement, pods
from ssd_operator.manifests.place import Object, Place
from ssd_operator.plan import Node

__all__ = ["config_map", "job", "objects"]


def objects(node: Node, place: Place, *, attempt: int = 1) -> tuple[Object, ...]:
    """Return everything that one attempt needs besides what the resource has once."""
    body = [config_map(node, place, attempt=attempt)]
    if node.is_gang:
        body.append(_service(node, place, attempt))
    group = gangs.pod_group(node, place, attempt=attempt, priority=placement.priority(node, place))
    return (*body, *([group] if group else []), job(node, place, attempt=attempt))


def config_map(node: Node, place: Place, *, attempt: int) -> Object:
    """Return the stage's config as its worker reads it; the image is recorded as it really is."""
    name = naming.config_map_name(node.kind, claim_uid=place.claim_uid, key=node.key, attempt=attempt)
    changes: Object = {"image": pods.image(node, place)}
    if isinstance(node.config.execution, contract.GangExecution):
        changes["attempt"] = attempt
        changes["master_address"] = place.rank_zero_host(node, attempt)
    execution = node.config.execution.model_copy(update=changes)
    return {
        "apiVersion": "v1",
        "kind": "ConfigMap",
        "metadata": place.metadata(name, node, attempt),
        "immutable": True,
        "data": {naming.CONFIG: contract.dump(node.config.model_copy(update={"execution": execution}))},
    }


def job(node: Node, place: Place, *, attempt: int) -> Object:
    """Return the Job; when a queue is named it is made suspended, and only the queue starts it.

    With a PodGroup it is made suspended, too, and we start it when that stands.
    """
    metadata = place.metadata(place.job_name(node, attempt), node, attempt)
    metadata["labels"] |= kueue.job_labels(place)
    metadata["annotations"] |= kueue.job_annotations(node, place) | gangs.job_annotations(node, place)
    return {
        "apiVersion": "batch/v1",
        "kind": "Job",
        "metadata": metadata,
        "spec": {
            "completionMode": "Indexed",
            "completions": node.tasks,
            "parallelism": node.tasks,
            "podReplacementPolicy": "Failed",
            "ttlSecondsAfterFinished": place.settings.job_ttl_s,
            "suspend": bool(place.spec.scheduling.queue) or gangs.scheduler(node, place) is not None,
            **(_gang(node, place, attempt) if node.is_gang else _sharded(node, place, attempt)),
        },
    }


def _sharded(node: Node, place: Place, attempt: int) -> Object:
    return {
        "backoffLimitPerIndex": node.most_failures(place.spec) - 1,  # Kubernetes counts the tries after the first
        "podFailurePolicy": failures.sharded(),
        "template": pods.template(node, place, attempt=attempt),
    }


def _gang(node: Node, place: Place, attempt: int) -> Object:
    service = naming.gang_service_name(claim_uid=place.claim_uid, key=node.key, attempt=attempt)
    return {
        "backoffLimit": 0,
        "podFailurePolicy": failures.gang(),
        "template": pods.template(node, place, attempt=attempt, subdomain=service),
    }


def _service(node: Node, place: Place, attempt: int) -> Object:
    """Return the headless Service through which the gang meets before any of its pods is ready."""
    name = naming.gang_service_name(claim_uid=place.claim_uid, key=node.key, attempt=attempt)
    return {
        "apiVersion": "v1",
        "kind": "Service",
        "metadata": place.metadata(name, node, attempt),
        "spec": {
            "clusterIP": "None",
            "publishNotReadyAddresses": True,
            "selector": {naming.LABEL_JOB: place.job_name(node, attempt)},
            "ports": [{"name": "rendezvous", "port": place.settings.master_port}],
        },
    }
