"""What a resource has once: its frozen spec, its claim, and the NetworkPolicy of pods that run foreign programs."""

import json

from ssd_operator import naming
from ssd_operator.manifests import asked
from ssd_operator.manifests.place import Object
from ssd_operator.settings import Settings
from ssd_operator.spec.pod import Pod
from ssd_operator.spec.resolved import ResolvedSpec
from ssd_operator.spec.storage import ClaimTemplate

__all__ = ["check", "claim", "common_pod", "isolation", "resolved"]


def check(settings: Settings) -> None:
    """Raise InvalidSpec when the installation asks for what no pod can have."""
    asked.defaults(settings.worker_pod)


def common_pod(spec: ResolvedSpec, settings: Settings) -> Pod:
    """Return what is asked for of all stages: its words for Jobs are also those for what a resource has once."""
    return asked.over(asked.defaults(settings.worker_pod), spec.pod)


def resolved(spec: ResolvedSpec, pod: Pod, *, name: str, namespace: str, uid: str) -> Object:
    """Return the ConfigMap that holds the complete spec of a run, so that a new preset never changes it."""
    return {
        "apiVersion": "v1",
        "kind": "ConfigMap",
        "metadata": _metadata(naming.resolved_config_map_name(uid, spec.digest()), pod, name, namespace),
        "immutable": True,
        "data": {naming.SPEC: json.dumps(spec.document(), sort_keys=True, indent=1) + "\n"},
    }


def frozen_preset(text: str, *, name: str, namespace: str, sweep: str) -> Object:
    """Return the ConfigMap that holds what a sweep's preset said, so that a new one never changes its cells."""
    labels = {naming.LABEL_MANAGED: naming.MANAGED_BY, naming.LABEL_SWEEP: naming.label_value(sweep)}
    return {
        "apiVersion": "v1",
        "kind": "ConfigMap",
        "metadata": {"name": name, "namespace": namespace, "labels": labels},
        "immutable": True,
        "data": {naming.PRESET: text},
    }


def claim(template: ClaimTemplate, pod: Pod, *, name: str, namespace: str) -> Object:
    """Return the claim that a template describes."""
    spec: Object = {
        "accessModes": list(template.access_modes),
        "resources": {"requests": {"storage": template.size}},
    }
    if template.storage_class_name:
        spec["storageClassName"] = template.storage_class_name
    return {
        "apiVersion": "v1",
        "kind": "PersistentVolumeClaim",
        "metadata": _metadata(naming.claim_name(name), pod, name, namespace),
        "spec": spec,
    }


def isolation(pod: Pod, *, name: str, namespace: str, uid: str) -> Object:
    """Return the policy that lets nothing in or out of pods that run foreign programs."""
    return {
        "apiVersion": "networking.k8s.io/v1",
        "kind": "NetworkPolicy",
        "metadata": _metadata(naming.isolation_policy_name(uid), pod, name, namespace),
        "spec": {
            "podSelector": {"matchLabels": {naming.LABEL_NETWORK: "none"}},
            "policyTypes": ["Ingress", "Egress"],
        },
    }


def _metadata(name: str, pod: Pod, experiment: str, namespace: str) -> Object:
    labels = {
        **pod.job_labels,
        naming.LABEL_MANAGED: naming.MANAGED_BY,
        naming.LABEL_EXPERIMENT: naming.label_value(experiment),
    }
    annotations = {"annotations": dict(pod.job_annotations)} if pod.job_annotations else {}
    return {"name": name, "namespace": namespace, "labels": labels, **annotations}
