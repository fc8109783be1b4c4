"""The actions of a pass, carried out: each is harmless when it was done before, or when someone else does it as well.

A Job is made with POST, and its name is the lock. Whoever comes second becomes another owner and waits. ConfigMap
and Service belong to the Job and go with it.
"""

from __future__ import annotations

import logging
from collections import defaultdict
from collections.abc import Mapping, Set

from ssd_operator import manifests
from ssd_operator.cluster import Api, ApiError, Jobs, Key, Run, owner_job
from ssd_operator.lifecycle import Action, CreateJob, DeleteJob, DisownJob, JobView, ResumeJob, SuspendJob
from ssd_operator.manifests import Place
from ssd_operator.manifests.place import Object
from ssd_operator.reconcile.blocked import refusal

__all__ = ["Actor"]

LOGGER = logging.getLogger(__name__)


class Actor:
    """Does what the status asks for."""

    def __init__(self, api: Api, jobs: Jobs) -> None:
        self._api = api
        self._jobs = jobs
        self.made: defaultdict[Key, dict[str, str]] = defaultdict(dict)
        """Resource -> Job -> uid, for Jobs that stand with all they need."""
        self.refusals: defaultdict[Key, dict[str, str]] = defaultdict(dict)
        """Resource -> Job -> why the API server does not let us make it."""

    def forget(self, key: Key) -> None:
        """Drop what is known of a resource."""
        self.made.pop(key, None)
        self.refusals.pop(key, None)

    def keep_only(self, jobs: Mapping[Key, Set[str]]) -> None:
        """Drop what is known of other Jobs of these resources than these."""
        for known in (self.made, self.refusals):
            for key in known.keys() & jobs.keys():
                for job in known[key].keys() - jobs[key]:
                    del known[key][job]

    async def perform(self, action: Action, run: Run, place: Place) -> None:
        """Carry out one action."""
        LOGGER.info("%s: %s %s", run.key, type(action).__name__, _subject(action))
        match action:
            case CreateJob():
                await self._create_or_note(action, run, place)
            case SuspendJob():
                await self._jobs.suspend(action.job, suspend=True)
            case ResumeJob():
                await self._jobs.suspend(action.job, suspend=False)
            case DisownJob():
                await self._jobs.leave(action.job, run.uid)
            case DeleteJob():
                await self._jobs.delete(action.job)

    async def _create_or_note(self, action: CreateJob, run: Run, place: Place) -> None:
        """Create or join a Job and what its pods wait for; note why, when the API server refuses."""
        try:
            job = await self._create_all(action, run, place)
        except ApiError as error:
            if not error.refused:
                raise
            self.refusals[run.key][action.name] = refusal(f"Job {action.name} or what it needs", error)
            return
        if job is not None:
            self.refusals[run.key].pop(action.name, None)
            self.made[run.key][job.name] = job.uid

    async def _create_all(self, action: CreateJob, run: Run, place: Place) -> JobView | None:
        """Return the Job once it stands with everything around it, or None when its name is taken."""
        if action.node.needs_sandbox:
            await self._ensure_isolation(run, place)
        *supports, body = manifests.objects(action.node, place, attempt=action.attempt)
        job = await self._create_or_join(action, body, run)
        if job is not None:
            for each in supports:
                await self._api.ensure(each, owner=owner_job(job))
        return job

    async def _create_or_join(self, action: CreateJob, body: Object, run: Run) -> JobView | None:
        """Create the Job, or join the one that another resource, or an earlier life of this process, made."""
        owner = run.owner_reference()
        try:
            return await self._jobs.create(body, owner=owner)
        except ApiError as error:
            if not error.exists:
                raise
        return await self._jobs.join(run.key.namespace, action.name, key=action.node.key, owner=owner)

    async def _ensure_isolation(self, run: Run, place: Place) -> None:
        """Ensure the NetworkPolicy of pods that run programs; before each Job, because somebody may delete it."""
        pod = manifests.common_pod(place.spec, place.settings)
        policy = manifests.isolation(pod, name=run.key.name, namespace=run.key.namespace, uid=run.uid)
        await self._api.ensure(policy, owner=run.owner_reference())


def _subject(action: Action) -> str:
    return action.name if isinstance(action, CreateJob) else action.job.name
