"""Laws of pods on the real API server: what may be asked for is taken, with Pod Security and a quota in the way."""

from collections.abc import Callable
from typing import Any

import pytest

from cluster import plans
from controlplane.kubectl import Kubectl, KubectlError
from controlplane.plane import ControlPlane
from controlplane.waiting import wait_until
from ssd_operator import manifests

SPREAD = {"maxSkew": 1, "topologyKey": "kubernetes.io/hostname", "whenUnsatisfiable": "ScheduleAnyway"}
CLAIM_SPEC = {"accessModes": ["ReadWriteOnce"], "resources": {"requests": {"storage": "1Gi"}}}
VOLUMES: list[dict[str, Any]] = [
    {"name": "ca", "configMap": {"name": "ca", "optional": True}},
    {"name": "keys", "secret": {"secretName": "keys"}},
    {"name": "all", "projected": {"sources": [{"configMap": {"name": "ca"}}]}},
    {"name": "models", "persistentVolumeClaim": {"claimName": "models", "readOnly": True}},
    {"name": "scratch", "emptyDir": {"sizeLimit": "1Gi"}},
    {"name": "local", "ephemeral": {"volumeClaimTemplate": {"spec": CLAIM_SPEC}}},
    {"name": "driver", "csi": {"driver": "secrets-store.csi.k8s.io", "readOnly": True}},
]
POD: dict[str, Any] = {
    "volumes": VOLUMES,
    "volumeMounts": [{"name": each["name"], "mountPath": f"/user/{each['name']}"} for each in VOLUMES],
    "serviceAccountName": "cloud",
    "schedulerName": "volcano",
    "priorityClassName": "pods-high",
    "runtimeClassName": "pods-nvidia",
    "topologySpreadConstraints": [SPREAD],
    "resourceClaims": [{"name": "gpus", "resourceClaimTemplateName": "gpus"}],
    "jobLabels": {"team": "a"},
    "jobAnnotations": {"team": "a"},
    "annotations": {"k8s.v1.cni.cncf.io/networks": "rdma"},
}
CLASSES: list[dict[str, Any]] = [
    {"apiVersion": "scheduling.k8s.io/v1", "kind": "PriorityClass", "metadata": {"name": "pods-high"}, "value": 5},
    {"apiVersion": "node.k8s.io/v1", "kind": "RuntimeClass", "metadata": {"name": "pods-nvidia"}, "handler": "nvidia"},
]


def pods(where: manifests.Place) -> list[dict[str, Any]]:
    """Return one pod of every stage, as the Job controller makes it."""
    jobs = [manifests.job(node, where, attempt=1) for node in plans.graph(where)]
    templates = [(job["metadata"]["name"], job["spec"]["template"]) for job in jobs]
    return [
        {"apiVersion": "v1", "kind": "Pod", "metadata": {**each["metadata"], "name": name}, "spec": each["spec"]}
        for name, each in templates
    ]


def named(objects: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """Return objects that land in kubectl's namespace."""
    for each in objects:
        each["metadata"].pop("namespace", None)
    return objects


def test_the_api_server_takes_all_that_may_be_asked_for(control_plane: ControlPlane, restricted_namespace: str) -> None:
    """Every object and pod of every stage is admitted where Pod Security enforces `restricted`."""
    kubectl = control_plane.kubectl.within(restricted_namespace)
    account = {"apiVersion": "v1", "kind": "ServiceAccount", "metadata": {"name": "cloud"}}
    kubectl("apply", manifest=[*CLASSES, account])
    where = plans.place(pod=POD, analysis={}, training={"nodes": 2, "gpusPerNode": 8}, curation={"filter": "Execution"})
    made = [each for node in plans.graph(where) for each in manifests.objects(node, where)]
    kubectl("create", "--dry-run=server", manifest=named([*made, *pods(where)]))


def test_a_folder_of_the_node_is_taken_where_privileged_pods_are(
    control_plane: ControlPlane, make_namespace: Callable[..., str]
) -> None:
    """With allowHostPath the pods are refused by `restricted`, and admitted elsewhere."""
    asked = {"allowHostPath": True, "volumes": [{"name": "nvme", "hostPath": {"path": "/mnt/nvme"}}]}
    [*_, train] = [each for each in pods(plans.place(training={"pod": asked})) if "train" in each["metadata"]["name"]]
    open_to_all, restricted = make_namespace(), make_namespace(restricted=True)
    control_plane.kubectl.within(open_to_all)("create", "--dry-run=server", manifest=named([train]))
    with pytest.raises(KubectlError, match="restricted volume types"):
        control_plane.kubectl.within(restricted)("create", "--dry-run=server", manifest=train)


def limited(kubectl: Kubectl, hard: dict[str, str]) -> None:
    """Let the namespace have no more than this."""
    kubectl("create", "quota", "q", f"--hard={','.join(f'{name}={value}' for name, value in hard.items())}")
    wait_until(lambda: kubectl.get("quota", "q").get("status", {}).get("hard") == hard, what="the quota")


def test_a_quota_on_limits_can_be_satisfied(job_controller: ControlPlane, namespace: str) -> None:
    """With limits in spec.pod every container of every stage says what a quota on processor and memory asks for."""
    kubectl = job_controller.kubectl.within(namespace)
    limited(
        kubectl, {"limits.cpu": "100", "limits.memory": "1000Gi", "requests.cpu": "100", "requests.memory": "1000Gi"}
    )
    where = plans.place(analysis={}, pod={"resources": {"limits": {"cpu": "4", "memory": "16Gi"}}})
    kubectl("create", "--dry-run=server", manifest=named(pods(where)))
