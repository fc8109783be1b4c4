"""Where a stage is to run: what its objects take from the resource and the installation, besides the plan."""

from dataclasses import dataclass
from functools import cached_property
from typing import Any

from ssd_jobs.contract import ModelSize
from ssd_operator import naming
from ssd_operator.manifests import asked
from ssd_operator.manifests.amounts import amount
from ssd_operator.plan import Node, Platform
from ssd_operator.settings import Settings
from ssd_operator.spec.pod import Pod
from ssd_operator.spec.resolved import ResolvedSpec

__all__ = ["Object", "Place"]

Object = dict[str, Any]
"""One Kubernetes object, as JSON."""


@dataclass(frozen=True)
class Place:
    """The surroundings of a stage's objects."""

    experiment: str
    """The resource's name."""
    namespace: str
    claim: str
    """The claim's name."""
    claim_uid: str
    spec: ResolvedSpec
    settings: Settings
    model: ModelSize | None = None
    """How large prepare found the base model; None before it has, and where the family is not known."""

    def platform(self) -> Platform:
        """Return what a cluster contributes to configs."""
        settings = self.settings
        return Platform(
            workspace=naming.WORKSPACE,
            worker_image=settings.worker_image,
            grader_image=settings.grader_image,
            metrics_port=settings.worker_metrics_port,
            sandbox_socket=naming.SANDBOX_SOCKET,
            tracking_uri=settings.tracking_uri,
            offline=settings.offline,
            claim_uid=self.claim_uid,
            master_port=settings.master_port,
            gpu_bytes=int(amount(settings.gpu_memory)) if settings.gpu_memory else 0,
        )

    def job_name(self, node: Node, attempt: int) -> str:
        """Return the name of the Job of one attempt at a stage."""
        return naming.job_name(node.kind, claim_uid=self.claim_uid, key=node.key, attempt=attempt)

    def rank_zero_host(self, node: Node, attempt: int) -> str:
        """Return the DNS name of the first pod of a gang."""
        return naming.rank_zero_host(node.kind, claim_uid=self.claim_uid, key=node.key, attempt=attempt)

    @cached_property
    def defaults(self) -> Pod:
        """What the installation asks for of all pods."""
        return asked.defaults(self.settings.worker_pod)

    def pod(self, node: Node) -> Pod:
        """Return what is asked for of a stage's pods."""
        own = node.pod(self.spec)
        if node.needs_sandbox:
            return asked.sealed(self.defaults, own, prefixes=self.settings.sealed_prefixes)
        return asked.over(self.defaults, own)

    def labels(self, node: Node, attempt: int) -> dict[str, str]:
        """Return our own labels of every object of a stage; the resource is the one that made it."""
        return {
            naming.LABEL_MANAGED: naming.MANAGED_BY,
            naming.LABEL_EXPERIMENT: naming.label_value(self.experiment),
            naming.LABEL_STAGE: naming.label_value(node.name),
            naming.LABEL_ATTEMPT: str(attempt),
        }

    def metadata(self, name: str, node: Node, attempt: int) -> Object:
        """Return an object's metadata; no word of a user's replaces one of ours."""
        pod = self.pod(node)
        return {
            "name": name,
            "namespace": self.namespace,
            "labels": {**pod.job_labels, **self.labels(node, attempt)},
            "annotations": {**pod.job_annotations, naming.ANNOTATION_KEY: node.key},
        }
