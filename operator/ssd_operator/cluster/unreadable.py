"""A resource whose status this version cannot read: what of it can be read all the same, and is written back alone.

A newer operator, whose definition is still installed, may have given a field another shape. All that it wrote must be
there when it comes back, so only the phase and the conditions are changed, in the document as the API server has it.
"""

from __future__ import annotations

from dataclasses import dataclass

from ssd_operator.cluster.api import Api
from ssd_operator.cluster.keys import Key, ResourceIdentity, identify
from ssd_operator.cluster.transport import Raw
from ssd_operator.errors import InvalidSpec, Problem
from ssd_operator.spec.status import Status

__all__ = ["Unreadable", "unreadable", "write_legible"]

LEGIBLE = ("phase", "conditions", "completionTime")
WRITTEN = ("phase", "conditions")


@dataclass(frozen=True, slots=True)
class Unreadable:
    """A resource of any kind whose status is none that this version can read."""

    identity: ResourceIdentity
    deleting: bool
    generation: int
    problems: tuple[Problem, ...]
    """Every wrong field."""
    legible: Status | None
    """Its phase, its conditions and when it ended; None where not even these can be read."""

    @property
    def key(self) -> Key:
        """Which one it is."""
        return self.identity.key

    @property
    def uid(self) -> str:
        """Its uid."""
        return self.identity.uid

    @property
    def error(self) -> InvalidSpec:
        """Return what to raise; anew each time, since an error holds on to all that was at hand where it was raised."""
        return InvalidSpec(self.problems)


def unreadable(document: Raw, error: InvalidSpec) -> Unreadable:
    """Return what is known of a resource whose status cannot be read."""
    metadata = document["metadata"]
    return Unreadable(
        identity=identify(document),
        deleting="deletionTimestamp" in metadata,
        generation=metadata["generation"],
        problems=error.problems,
        legible=_legible(document["status"]),
    )


async def write_legible(api: Api, seen: Unreadable, status: Status) -> Raw:
    """Write phase and conditions if the resource is still the one that was seen; return it as it is then."""
    document = await api.get(seen.key.kind, seen.key.namespace, seen.key.name)
    if identify(document) != seen.identity:
        return document
    words = status.model_dump(mode="json", by_alias=True, exclude_none=True, exclude_defaults=True, include={*WRITTEN})
    return await api.replace_status({**document, "status": {**document["status"], **words}})


def _legible(status: object) -> Status | None:
    """Return the few facts that everybody reads, if they are such facts."""
    if not isinstance(status, dict):
        return None
    try:
        return Status.read({name: status[name] for name in LEGIBLE if name in status}, path="status")
    except InvalidSpec:
        return None
