"""What the process works with of a SelfDistillation: its few facts, its status as a model, and its spec when asked."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from ssd_operator import naming
from ssd_operator.errors import InvalidSpec
from ssd_operator.spec import resource
from ssd_operator.spec.resolved import ResolvedSpec
from ssd_operator.spec.status import Status

__all__ = ["Key", "Run", "Unreadable", "read"]

Raw = dict[str, Any]


@dataclass(frozen=True, slots=True, order=True)
class Key:
    """A resource of ours."""

    namespace: str
    name: str

    def __str__(self) -> str:
        """Write it as kubectl does."""
        return f"{self.namespace}/{self.name}"


@dataclass(frozen=True, slots=True)
class Run:
    """A SelfDistillation as the API server has it."""

    key: Key
    uid: str
    version: int
    """The resource version: a larger one is newer."""
    generation: int
    deleting: bool
    suspended: bool
    planning: bool
    """The mode is Plan: nothing may be started."""
    status: Status
    document: Raw = field(repr=False, compare=False)
    """As it was sent. Only `cluster` looks into it: the spec is read when it has changed, which is seldom."""

    def resolve(self) -> ResolvedSpec:
        """Complete the written spec, or raise InvalidSpec naming every wrong field."""
        return resource.parse(self.document).resolve()

    def owner_reference(self) -> Raw:
        """Return what makes an object go with the resource; no controller, since a Job may have several owners."""
        return {
            "apiVersion": naming.API_VERSION,
            "kind": naming.KIND,
            "name": self.key.name,
            "uid": self.uid,
            "controller": False,
            "blockOwnerDeletion": False,
        }

    def with_status(self, status: Status) -> Raw:
        """Return the document with another status."""
        written = status.model_dump(mode="json", by_alias=True, exclude_none=True, exclude_defaults=True)
        return {**self.document, "status": written}


@dataclass(frozen=True, slots=True)
class Unreadable:
    """A SelfDistillation whose status is none that this version can read."""

    key: Key
    uid: str
    deleting: bool
    error: InvalidSpec
    """It names every wrong field."""


def read(document: Raw) -> Run | Unreadable:
    """Read what the API server sends."""
    metadata, spec = document["metadata"], document["spec"]
    key, deleting = Key(metadata["namespace"], metadata["name"]), "deletionTimestamp" in metadata
    try:
        status = Status.read(document.get("status", {}), path="status")
    except InvalidSpec as error:
        return Unreadable(key, metadata["uid"], deleting, error)
    return Run(
        key=key,
        uid=metadata["uid"],
        version=int(metadata["resourceVersion"]),
        generation=metadata["generation"],
        deleting=deleting,
        suspended=spec.get("suspend", False),
        planning=spec.get("mode", "Run") == "Plan",
        status=status,
        document=document,
    )
