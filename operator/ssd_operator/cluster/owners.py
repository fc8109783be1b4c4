"""Owner references: an object goes with its owners, and a Job that several runs want has several."""

from __future__ import annotations

from dataclasses import dataclass

from ssd_operator.cluster.transport import Raw
from ssd_operator.lifecycle import JobView

__all__ = ["OwnerReference", "owned_by", "owner_job"]


@dataclass(frozen=True, slots=True)
class OwnerReference:
    """An owner of an object."""

    api_version: str
    kind: str
    name: str
    uid: str
    controller: bool = False
    """An object has at most one that controls it; a Job that several runs want has none."""

    def document(self) -> Raw:
        """Return it as Kubernetes writes it."""
        return {
            "apiVersion": self.api_version,
            "kind": self.kind,
            "name": self.name,
            "uid": self.uid,
            "controller": self.controller,
            "blockOwnerDeletion": False,
        }


def owner_job(job: JobView) -> OwnerReference:
    """Return a Job as an owner."""
    return OwnerReference("batch/v1", "Job", job.name, job.uid)


def owned_by(body: Raw, owner: OwnerReference | None) -> Raw:
    """Return an object that is to be made, with its owner if it has one."""
    if owner is None:
        return body
    return {**body, "metadata": {**body["metadata"], "ownerReferences": [owner.document()]}}
