"""The door of sweeps, and the requests about them. A sweep is kept whole: there are few, and a pass reads it often."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING

from ssd_operator import naming
from ssd_operator.cluster.api import Api
from ssd_operator.cluster.keys import Key, ResourceIdentity, identify, key_of
from ssd_operator.cluster.owners import OwnerReference
from ssd_operator.cluster.transport import Raw
from ssd_operator.cluster.unreadable import Unreadable, unreadable
from ssd_operator.errors import InvalidSpec
from ssd_operator.lifecycle import Standing
from ssd_operator.spec import sweep_resource
from ssd_operator.spec.sweep_status import SweepStatus

if TYPE_CHECKING:
    from ssd_operator.cluster.store import Store

__all__ = ["KeptSweep", "StoredSweep", "Sweeps", "enter", "list_sweeps"]


@dataclass(frozen=True, slots=True)
class StoredSweep:
    """A SelfDistillationSweep as the API server has it."""

    key: Key
    uid: str
    version: int
    """The resource version: a larger one is newer."""
    generation: int
    deleting: bool
    suspended: bool
    planning: bool
    """The mode is Plan: no cell may be made."""
    status: SweepStatus
    document: Raw = field(repr=False, compare=False)
    """As it was sent. Only `cluster` looks into it."""

    @property
    def identity(self) -> ResourceIdentity:
        """Return what tells this sight of it apart."""
        return ResourceIdentity(self.key, self.uid, self.version)

    @property
    def is_live(self) -> bool:
        """Tell whether it may still make cells, or judge one."""
        return self.status.phase not in ("Succeeded", "Failed")

    @property
    def preset(self) -> str:
        """The preset that the template names; empty where it names none."""
        return str(self.document["spec"]["template"]["spec"].get("preset", ""))

    def parse(self) -> sweep_resource.Sweep:
        """Check the written spec, or raise InvalidSpec naming every wrong field."""
        return sweep_resource.parse_sweep(self.document)

    def controller_reference(self) -> OwnerReference:
        """Return what makes a resource a cell of this sweep."""
        return OwnerReference(naming.API_VERSION, self.key.kind, self.key.name, self.uid, controller=True)

    def with_status(self, status: SweepStatus) -> Raw:
        """Return the document with another status."""
        written = status.model_dump(mode="json", by_alias=True, exclude_none=True, exclude_defaults=True)
        return {**self.document, "status": written}


@dataclass(frozen=True, slots=True)
class KeptSweep:
    """What the process keeps of a sweep; it has no Jobs, claim or frozen spec of its own, its cells have."""

    identity: ResourceIdentity
    phase: str
    value: StoredSweep | Unreadable
    is_going_on: bool = False
    jobs: frozenset[str] = frozenset()
    claim: str = ""
    spec: str = ""
    recorded: tuple[str, ...] = ()

    @property
    def standing(self) -> Standing:
        """Return where it stands."""
        return Standing(self.phase)


def enter(document: Raw) -> KeptSweep:
    """Return what is kept of a sweep that the API server sends."""
    metadata = {name: value for name, value in document["metadata"].items() if name != "managedFields"}
    value = _read({**document, "metadata": metadata})
    phase = value.status.phase if isinstance(value, StoredSweep) else ""
    return KeptSweep(identify(document), phase, value)


def _read(document: Raw) -> StoredSweep | Unreadable:
    metadata, spec = document["metadata"], document["spec"]
    try:
        status = SweepStatus.read(document.get("status", {}), path="status")
    except InvalidSpec as error:
        return unreadable(document, error)
    return StoredSweep(
        key=key_of(document),
        uid=metadata["uid"],
        version=int(metadata["resourceVersion"]),
        generation=metadata["generation"],
        deleting="deletionTimestamp" in metadata,
        suspended=spec.get("suspend", False),
        planning=spec.get("mode", "Run") == "Plan",
        status=status,
        document=document,
    )


async def list_sweeps(api: Api, namespace: str) -> list[StoredSweep | Unreadable]:
    """Read every sweep of a namespace, or raise ApiError."""
    return [_read(raw) async for raw in api.list(naming.SWEEP_KIND, namespace)]


class Sweeps:
    """Reads and changes sweeps; whatever the API server answers is remembered."""

    def __init__(self, api: Api, store: Store) -> None:
        self._api = api
        self._store = store

    async def write_status(self, sweep: StoredSweep, status: SweepStatus) -> StoredSweep:
        """Write a status under the version that was read, and return the sweep as it is then."""
        answer = await self._api.replace_status(sweep.with_status(status))
        self._store.put_resource(answer)
        return replace(sweep, version=int(answer["metadata"]["resourceVersion"]), status=status, document=answer)

    async def read_again(self, sweep: StoredSweep) -> bool:
        """Read a sweep again, and tell whether that is news."""
        answer = await self._api.find(sweep.key.kind, sweep.key.namespace, sweep.key.name)
        if answer is None:
            self._store.drop_resource(sweep.identity)
        else:
            self._store.put_resource(answer)
        return self._store.identity(sweep.key) != sweep.identity
