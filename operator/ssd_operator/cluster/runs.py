"""Requests about runs; whatever the API server answers is remembered.

Each change names the version that was seen: who decided from an old one is refused.
"""

from __future__ import annotations

from dataclasses import replace

from ssd_operator import naming
from ssd_operator.cluster import resources
from ssd_operator.cluster.api import Api
from ssd_operator.cluster.keys import Key, ResourceIdentity
from ssd_operator.cluster.paths import KINDS
from ssd_operator.cluster.resources import Run
from ssd_operator.cluster.store import Store
from ssd_operator.cluster.transport import Raw
from ssd_operator.cluster.unreadable import Unreadable
from ssd_operator.spec.status import Status

__all__ = ["Runs", "change_run", "list_runs", "read_run", "rehearse"]


NEVER_STORED = "0"
"""What is made in a dry run has no version."""


async def read_run(api: Api, key: Key) -> Run | Unreadable:
    """Read a resource, or raise ApiError."""
    return resources.read(await api.get(key.kind, key.namespace, key.name))


async def list_runs(api: Api, namespace: str) -> list[Run | Unreadable]:
    """Read every resource of a namespace, or of all, or raise ApiError."""
    return [resources.read(raw) async for raw in api.list(naming.KIND, namespace)]


async def change_run(api: Api, key: Key, spec: Raw) -> Run | Unreadable:
    """Change some fields of a spec, and return the resource as it is then."""
    return resources.read(await api.patch(key.kind, key.namespace, key.name, {"spec": spec}))


async def rehearse(api: Api, key: Key, document: Raw) -> Run | Unreadable:
    """Return what the API server would make of a document, without anything being written; raise ApiError."""
    place = KINDS[key.kind]
    known = await api.find(key.kind, key.namespace, key.name)
    dry = {"dryRun": "All"}
    if known is None:
        body = {**document, "metadata": {**document["metadata"], "namespace": key.namespace}}
        answer = await api.request("POST", place.path(key.namespace), query=dry, body=body)
        answer["metadata"].setdefault("resourceVersion", NEVER_STORED)
        return resources.read(answer)
    body = {**known, "spec": document["spec"]}
    return resources.read(await api.request("PUT", place.path(key.namespace, key.name), query=dry, body=body))


class Runs:
    """Reads and changes runs."""

    def __init__(self, api: Api, store: Store) -> None:
        self._api = api
        self._store = store

    async def write_status(self, run: Run, status: Status) -> Run:
        """Write a status under the version that was read, and return the run as it is then."""
        answer = await self._api.replace_status(run.with_status(status))
        self._store.put_resource(answer)
        return replace(run, version=int(answer["metadata"]["resourceVersion"]), status=status, document=answer)

    async def read(self, seen: ResourceIdentity) -> Run | Unreadable | None:
        """Read a resource as a whole, or return None when it is gone."""
        answer = await self._api.find(seen.key.kind, seen.key.namespace, seen.key.name)
        if answer is None:
            self._store.drop_resource(seen)
            return None
        self._store.put_resource(answer)
        return resources.read(answer)

    async def delete(self, run: Run) -> None:
        """Delete a run, if it is still the one that was read."""
        conditions = {"uid": run.uid, "resourceVersion": str(run.version)}
        place = (run.key.kind, run.key.namespace, run.key.name)
        await self._api.delete(*place, preconditions=conditions, foreground=False)

    async def read_again(self, run: Run) -> bool:
        """Read a run again, and tell whether that is news."""
        await self.read(run.identity)
        return self._store.identity(run.key) != run.identity
