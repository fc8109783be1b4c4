"""Keys: which resource is meant, of whatever kind, and which sight of it."""

from __future__ import annotations

from dataclasses import dataclass

from ssd_operator import naming
from ssd_operator.cluster.transport import Raw

__all__ = ["Key", "ResourceIdentity", "identify", "is_asked", "key_of", "run_key"]


@dataclass(frozen=True, slots=True, order=True)
class Key:
    """A resource of ours."""

    kind: str
    namespace: str
    name: str

    def __str__(self) -> str:
        """Write it for a log."""
        return f"{self.kind} {self.namespace}/{self.name}"


@dataclass(frozen=True, slots=True)
class ResourceIdentity:
    """What tells two sights of resources apart."""

    key: Key
    uid: str
    version: int
    """The resource version: a larger one is newer."""


def run_key(namespace: str, name: str) -> Key:
    """Return the key of a SelfDistillation."""
    return Key(naming.KIND, namespace, name)


def key_of(document: Raw) -> Key:
    """Return the key of a resource as it was sent."""
    return Key(document["kind"], document["metadata"]["namespace"], document["metadata"]["name"])


def is_asked(document: Raw) -> bool:
    """Tell whether a resource wants what its status does not answer yet, or goes away."""
    metadata, status = document["metadata"], document.get("status", {})
    answered = isinstance(status, dict) and status.get("observedGeneration") == metadata.get("generation")
    return not answered or "deletionTimestamp" in metadata


def identify(document: Raw) -> ResourceIdentity:
    """Return what tells this sight of a resource apart."""
    metadata = document["metadata"]
    return ResourceIdentity(key_of(document), metadata["uid"], int(metadata["resourceVersion"]))
