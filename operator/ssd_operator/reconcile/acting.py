"""The actions of a pass, carried out: each is harmless when it was done before, or when someone else does it as well.

A Job is made with POST, and its name is the lock. Whoever comes second becomes another owner and waits. ConfigMap
and Service belong to the Job and go with it.
"""

from __future__ import annotations

import logging
from collections import defaultdict
from typing import Any

from ssd_operator import manifests
from ssd_operator.cluster import Api, ApiError, Key, Store
from ssd_operator.lifecycle import Action, CreateJob, DeleteJob, DisownJob, JobView, ResumeJob, SuspendJob, view_job
from ssd_operator.manifests import Place
from ssd_operator.reconcile.terms import owner_reference

__all__ = ["Actor"]

LOGGER = logging.getLogger(__name__)
Raw = dict[str, Any]
LONGEST_REFUSAL = 1000


class Actor:
    """Does what the status asks for."""

    def __init__(self, api: Api, store: Store) -> None:
        self._api = api
        self._store = store
        self.made: defaultdict[Key, dict[str, str]] = defaultdict(dict)
        """Resource -> Job -> uid, for Jobs that stand with all they need."""
        self.refusals: defaultdict[Key, dict[str, str]] = defaultdict(dict)
        """Resource -> Job -> why the API server does not let us make it."""

    def forget(self, key: Key) -> None:
        """Drop what is known of a resource."""
        self.made.pop(key, None)
        self.refusals.pop(key, None)

    async def perform(self, action: Action, raw: Raw, place: Place) -> None:
        """Do one action."""
        LOGGER.info("%s/%s: %s %s", place.namespace, place.experiment, type(action).__name__, _subject(action))
        match action:
            case CreateJob():
                await self._make(action, raw, place)
            case SuspendJob():
                await self._suspend(action.job, suspend=True)
            case ResumeJob():
                await self._suspend(action.job, suspend=False)
            case DisownJob():
                await self._leave(action.job, raw["metadata"]["uid"])
            case DeleteJob():
                await self._remove(action.job)

    async def _make(self, action: CreateJob, raw: Raw, place: Place) -> None:
        """Make or join a Job, then what its pods wait for."""
        key = Key(place.namespace, place.experiment)
        try:
            standing = await self._ensure_job(action, raw, place)
        except ApiError as error:
            if not error.refused:
                raise
            message = f"the API server refuses Job {action.name} or what it needs: {error.message}"
            self.refusals[key][action.name] = message[:LONGEST_REFUSAL]
            return
        if standing is not None:
            self.refusals[key].pop(action.name, None)
            self.made[key][standing.name] = standing.uid

    async def _ensure_job(self, action: CreateJob, raw: Raw, place: Place) -> JobView | None:
        """Return the Job once it stands with everything around it."""
        if action.node.needs_sandbox:
            await self._ensure_isolation(raw)
        *supports, job = manifests.objects(action.node, place, attempt=action.attempt)
        standing = await self._create_job(action, job, raw)
        if standing is not None:
            for each in supports:
                await self._ensure(each, owner=_job_reference(standing))
        return standing

    async def _create_job(self, action: CreateJob, job: Raw, raw: Raw) -> JobView | None:
        """Make the Job, or join the one that has its name; None when that one cannot be joined."""
        job["metadata"]["ownerReferences"] = [owner_reference(raw)]
        try:
            return self._remember(await self._api.create(job))
        except ApiError as error:
            if not error.exists:
                raise
        return await self._join(action, raw)

    async def _join(self, action: CreateJob, raw: Raw) -> JobView | None:
        """Become an owner of a Job that another resource, or an earlier life of this process, made."""
        found = await self._api.get("Job", raw["metadata"]["namespace"], action.name)
        standing = self._remember(found)
        if any(owner.uid == raw["metadata"]["uid"] for owner in standing.owners):
            return None if standing.deleting else standing
        if standing.key != action.node.key or standing.deleting or standing.end == "Failed":
            return None
        owners = [*found["metadata"].get("ownerReferences", []), owner_reference(raw)]
        return self._remember(await self._own(found, owners))

    async def _leave(self, job: JobView, uid: str) -> None:
        """Stop owning a Job."""
        found = await self._api.get("Job", job.namespace, job.name)
        owners = [each for each in found["metadata"].get("ownerReferences", []) if each["uid"] != uid]
        self._remember(await self._own(found, owners))

    async def _own(self, found: Raw, owners: list[Raw]) -> Raw:
        metadata = found["metadata"]
        change = {"metadata": {"resourceVersion": metadata["resourceVersion"], "ownerReferences": owners}}
        return await self._api.patch("Job", metadata["namespace"], metadata["name"], change)

    async def _suspend(self, job: JobView, *, suspend: bool) -> None:
        """Stop or start a Job's pods, if it is as we saw it."""
        change = {"metadata": {"resourceVersion": str(job.version)}, "spec": {"suspend": suspend}}
        await self._changed(job, self._api.patch("Job", job.namespace, job.name, change))

    async def _remove(self, job: JobView) -> None:
        """Delete a Job, unless someone became an owner since it was seen."""
        conditions = {"uid": job.uid, "resourceVersion": str(job.version)}
        delete = self._api.delete("Job", job.namespace, job.name, preconditions=conditions, foreground=True)
        await self._changed(job, delete)

    async def _changed(self, job: JobView, request: Any) -> None:
        """Send a change; when the Job is another one by now, see it as it is."""
        try:
            answer = await request
        except ApiError as error:
            if not (error.conflict or error.missing):
                raise
            answer = None
        if answer is not None:
            self._remember(answer)
            return
        try:
            self._remember(await self._api.get("Job", job.namespace, job.name))
        except ApiError as error:
            if not error.missing:
                raise
            self._store.drop_job(job.namespace, job.name, uid=job.uid, version=job.version)

    async def _ensure_isolation(self, raw: Raw) -> None:
        """Ensure the NetworkPolicy of pods that run programs; before each Job, because somebody may delete it."""
        metadata = raw["metadata"]
        names = {"name": metadata["name"], "namespace": metadata["namespace"], "uid": metadata["uid"]}
        await self._ensure(manifests.isolation(**names), owner=owner_reference(raw))

    async def _ensure(self, body: Raw, *, owner: Raw) -> None:
        """Make an object unless it is there."""
        body["metadata"]["ownerReferences"] = [owner]
        try:
            await self._api.create(body)
        except ApiError as error:
            if not error.exists:
                raise

    def _remember(self, raw: Raw) -> JobView:
        """Remember a Job as the API server just returned it."""
        job = view_job(raw)
        self._store.put_job(job)
        return job


def _job_reference(job: JobView) -> Raw:
    return {"apiVersion": "batch/v1", "kind": "Job", "name": job.name, "uid": job.uid}


def _subject(action: Action) -> str:
    return action.name if isinstance(action, CreateJob) else action.job.name
