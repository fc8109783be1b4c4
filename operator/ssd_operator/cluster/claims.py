"""PersistentVolumeClaims: of one that is there only the uid matters, which Job names derive from."""

from __future__ import annotations

from ssd_operator.cluster.api import Api
from ssd_operator.cluster.owners import OwnerReference
from ssd_operator.cluster.transport import Raw

__all__ = ["Claims"]


class Claims:
    """Reads and creates claims."""

    def __init__(self, api: Api) -> None:
        self._api = api

    async def uid(self, namespace: str, name: str) -> str | None:
        """Return a claim's uid, or None when there is no such claim."""
        claim = await self._api.find("PersistentVolumeClaim", namespace, name)
        return None if claim is None else str(claim["metadata"]["uid"])

    async def create(self, body: Raw, *, owner: OwnerReference | None) -> str:
        """Create a claim and return its uid; without an owner it stays when the run is deleted."""
        made = await self._api.create(body, owner=owner)
        return str(made["metadata"]["uid"])
