"""Where a stage is to run: what its objects take from the resource and the installation, besides the plan."""

from dataclasses import dataclass
from typing import Any

from ssd_operator import naming
from ssd_operator.plan import Node, Platform
from ssd_operator.settings import Settings
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
        )

    def job_name(self, node: Node, attempt: int) -> str:
        """Return the name of the Job of one attempt at a stage."""
        return naming.job_name(node.kind, claim_uid=self.claim_uid, key=node.key, attempt=attempt)

    def rank_zero_host(self, node: Node, attempt: int) -> str:
        """Return the DNS name of the first pod of a gang."""
        return naming.rank_zero_host(node.kind, claim_uid=self.claim_uid, key=node.key, attempt=attempt)

    def labels(self, node: Node, attempt: int) -> dict[str, str]:
        """Return the labels that every object of a stage carries; the resource is the one that made it."""
        return {
            naming.LABEL_MANAGED: naming.MANAGED_BY,
            naming.LABEL_EXPERIMENT: naming.label_value(self.experiment),
            naming.LABEL_STAGE: naming.label_value(node.name),
            naming.LABEL_ATTEMPT: str(attempt),
        }

    def metadata(self, name: str, node: Node, attempt: int) -> Object:
        """Return an object's metadata."""
        return {
            "name": name,
            "namespace": self.namespace,
            "labels": self.labels(node, attempt),
            "annotations": {naming.ANNOTATION_KEY: node.key},
        }
