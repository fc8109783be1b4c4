"""Requests about Jobs and their pods; whatever the API server answers is remembered.

Each change names the version, or the uid and the version, that was seen: somebody who was faster is never overwritten.
"""

from __future__ import annotations

from collections.abc import Awaitable
from typing import Any

from ssd_operator import naming
from ssd_operator.cluster.api import Api, ApiError
from ssd_operator.cluster.owners import OwnerReference
from ssd_operator.cluster.store import Store
from ssd_operator.lifecycle import JobView, PodView

__all__ = ["Jobs"]

Raw = dict[str, Any]


class Jobs:
    """Creates, reads and changes Jobs."""

    def __init__(self, api: Api, store: Store) -> None:
        self._api = api
        self._store = store

    async def create(self, body: Raw, *, owner: OwnerReference) -> JobView:
        """Create a Job; its name is the lock."""
        return self._store.put_job(await self._api.create(body, owner=owner))

    async def read(self, namespace: str, name: str) -> JobView | None:
        """Read a Job, or return None when there is none of that name."""
        raw = await self._api.find("Job", namespace, name)
        return None if raw is None else self._store.put_job(raw)

    async def join(self, namespace: str, name: str, *, key: str, owner: OwnerReference) -> JobView | None:
        """Make a resource an owner of a Job that is there; return None when that Job cannot be joined."""
        raw = await self._api.get("Job", namespace, name)
        job = self._store.put_job(raw)
        if any(each.uid == owner.uid for each in job.owners):
            return None if job.deleting else job
        if job.key != key or job.deleting or job.end == "Failed":
            return None
        return await self._set_owners(raw, [*raw["metadata"].get("ownerReferences", []), owner.document()])

    async def leave(self, job: JobView, uid: str) -> None:
        """Take a resource from the owners of a Job."""
        raw = await self._api.get("Job", job.namespace, job.name)
        owners = [each for each in raw["metadata"].get("ownerReferences", []) if each["uid"] != uid]
        await self._set_owners(raw, owners)

    async def suspend(self, job: JobView, *, suspend: bool) -> None:
        """Stop or start a Job's pods, if it is as it was seen."""
        change = {"metadata": {"resourceVersion": str(job.version)}, "spec": {"suspend": suspend}}
        await self._change(job, self._api.patch("Job", job.namespace, job.name, change))

    async def delete(self, job: JobView) -> None:
        """Delete a Job, unless someone became an owner since it was seen."""
        conditions = {"uid": job.uid, "resourceVersion": str(job.version)}
        request = self._api.delete("Job", job.namespace, job.name, preconditions=conditions, foreground=True)
        await self._change(job, request)

    async def pods(self, namespace: str, job: str) -> tuple[PodView, ...]:
        """Read the pods of a Job."""
        async for raw in self._api.list("Pod", namespace, selector=f"{naming.LABEL_JOB}={job}"):
            self._store.put_pod(raw)
        return self._store.pods(namespace, job)

    async def _set_owners(self, raw: Raw, owners: list[Raw]) -> JobView:
        metadata = raw["metadata"]
        change = {"metadata": {"resourceVersion": metadata["resourceVersion"], "ownerReferences": owners}}
        return self._store.put_job(await self._api.patch("Job", metadata["namespace"], metadata["name"], change))

    async def _change(self, job: JobView, request: Awaitable[Raw | None]) -> None:
        """Send a change; when the Job is another one by now, see it as it is."""
        try:
            answer = await request
        except ApiError as error:
            if not (error.conflict or error.missing):
                raise
            answer = None
        if answer is not None:
            self._store.put_job(answer)
        elif await self.read(job.namespace, job.name) is None:
            self._store.drop_job(job.namespace, job.name, uid=job.uid, version=job.version)
