"""Leases of coordination.k8s.io: who holds one, written under the version that was read."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import UTC, datetime

from ssd_operator.cluster.api import Api, ApiError
from ssd_operator.cluster.transport import Raw

__all__ = ["Lease", "Leases"]


@dataclass(frozen=True, slots=True)
class Lease:
    """A Lease as it was read, or as it is to be made."""

    namespace: str
    name: str
    holder: str = ""
    """Empty: nobody holds it."""
    version: str = ""
    """The resource version; empty before it is made."""
    duration_s: float = 0.0
    document: Raw = field(default_factory=dict, repr=False, compare=False)
    """As it was sent. Only this module looks into it."""


class Leases:
    """Reads and writes Leases."""

    def __init__(self, api: Api, *, duration_s: int) -> None:
        self._api = api
        self._duration_s = duration_s

    async def read(self, namespace: str, name: str) -> Lease:
        """Read a Lease; one that was never made is held by nobody and has no version."""
        raw = await self._api.find("Lease", namespace, name)
        if raw is None:
            return Lease(namespace, name)
        spec = raw["spec"]
        return Lease(
            namespace=namespace,
            name=name,
            holder=spec.get("holderIdentity") or "",
            version=raw["metadata"]["resourceVersion"],
            duration_s=float(spec.get("leaseDurationSeconds", self._duration_s)),
            document=raw,
        )

    async def hold(self, lease: Lease, holder: str) -> bool:
        """Write who holds a Lease from now on, nobody if empty; tell whether no other candidate was faster."""
        try:
            await (self._api.replace if lease.version else self._api.create)(self._body(lease, holder))
        except ApiError as error:
            if error.status != 409:
                raise
            return False
        return True

    def _body(self, lease: Lease, holder: str) -> Raw:
        """Return the Lease with this holder, renewed now."""
        now = datetime.now(tz=UTC).strftime("%Y-%m-%dT%H:%M:%S.%fZ")
        before = lease.document.get("spec", {})
        changes_hands = bool(lease.version and holder and holder != lease.holder)
        return {
            "apiVersion": "coordination.k8s.io/v1",
            "kind": "Lease",
            "metadata": lease.document.get("metadata", {"name": lease.name, "namespace": lease.namespace}),
            "spec": {
                "holderIdentity": holder,
                "leaseDurationSeconds": self._duration_s,
                "acquireTime": before.get("acquireTime", now) if not changes_hands else now,
                "renewTime": now,
                "leaseTransitions": before.get("leaseTransitions", 0) + changes_hands,
            },
        }
