"""A listing of everything, now and then: the safety net below the watches, and their judge.

The first one, before anything is decided, makes the process know what there is. Each later one puts right what a
watch may have missed, and tells how much that was. A watch that must begin anew, as after a 410, tells what there is
and never what is gone: a deletion in between is found only here. Of pods only those that have not ended are listed:
a stage would go on waiting for the image of one that is gone, or ask it how far it is; ended ones stay for days.
"""

from __future__ import annotations

import asyncio
import logging
from collections import Counter
from collections.abc import Awaitable, Callable

from ssd_operator.cluster import Api, ApiError, Kept, Key, Listing, Listings, ResourceIdentity, Store
from ssd_operator.lifecycle import JobView, PodView
from ssd_operator.serve.health import JOB, POD, RESOURCE
from ssd_operator.serve.namespaces import EVERYWHERE, Namespaces

__all__ = ["Resync"]

LOGGER = logging.getLogger(__name__)
GRACE_S = 10.0
"""What a watch may be late by."""
NAMESPACES_AT_ONCE = 10


class Resync:
    """Lists the namespaces that are watched."""

    def __init__(
        self,
        api: Api,
        store: Store,
        namespaces: Namespaces,
        *,
        prefetch: Callable[[str], Awaitable[None]],
        grace_s: float = GRACE_S,
    ) -> None:
        self._api = api
        self._store = store
        self._listings = Listings(api, store)
        self._namespaces = namespaces
        self._prefetch = prefetch
        self._grace_s = grace_s

    async def first(self) -> list[Key]:
        """Learn what there is, and return every resource; raise ApiError when no namespace answers."""
        turns = asyncio.Semaphore(NAMESPACES_AT_ONCE)

        async def learn(namespace: str) -> ApiError | None:
            async with turns:
                return await self._learn(namespace)

        refusals = await asyncio.gather(*map(learn, self._namespaces.watched))
        if not self._namespaces.watched:
            raise next(filter(None, refusals))
        return self._store.known()

    async def keep_asking(self, *, every_s: float, learned: Callable[[], None]) -> None:
        """Ask the namespaces that are not watched now and then, for ever; tell when one of them has answered."""
        while True:
            await asyncio.sleep(every_s)
            try:
                if await self.ask_again():
                    learned()
            except ApiError as error:
                LOGGER.warning("a namespace that is not watched could not be asked: %s", error)

    async def ask_again(self) -> bool:
        """Ask each namespace that is not watched; one that answers is watched again. Tell whether one did."""
        refusals = [await self._learn(namespace) for namespace in self._namespaces.unwatched]
        return None in refusals

    async def _learn(self, namespace: str) -> ApiError | None:
        """Learn what there is in a namespace; return why that is not possible when only this namespace refuses."""
        try:
            await self._prefetch(namespace)
            await self._listings.learn(namespace)
        except ApiError as error:
            if not self._namespaces.refused(namespace, error):
                raise
            return error
        self._namespaces.answered(namespace)
        return None

    async def repeat(self, *, every_s: float, compared: Callable[[Counter[str]], None]) -> None:
        """Compare now and then, for ever; a server that does not answer is asked the next time."""
        while True:
            await asyncio.sleep(every_s)
            try:
                compared(await self.again())
            except ApiError as error:
                LOGGER.warning("resync: %s", error)

    async def again(self) -> Counter[str]:
        """Put right what the watches missed, and return how much that was, by kind of object."""
        resources, jobs, pods = self._store.identities(), self._store.jobs(), self._store.pods_at_work()
        listings = await self._list()
        await asyncio.sleep(self._grace_s)
        answered = set(listings) & set(self._namespaces.watched)
        listed = [listings[namespace] for namespace in answered]
        present = {uid for each in listed for uid in each.present}
        missed = Counter[str]()
        missed[RESOURCE] = sum(self._learn_resource(resource) for each in listed for resource in each.resources)
        missed[JOB] = sum(self._learn_job(job) for each in listed for job in each.jobs)
        for pod in pods:
            missed[POD] += _covers(answered, pod.namespace) and pod.uid not in present and self._forget_pod(pod)
        for seen in resources:
            gone = _covers(answered, seen.key.namespace) and seen.uid not in present
            missed[RESOURCE] += gone and self._forget_resource(seen)
        for job in jobs:
            gone = _covers(answered, job.namespace) and job.uid not in present
            missed[JOB] += gone and await self._forget_job(job)
        return missed

    async def _list(self) -> dict[str, Listing]:
        """Return what there is in each namespace that answers."""
        listings = {}
        for namespace in self._namespaces.watched:
            try:
                listings[namespace] = await self._listings.compare(namespace)
            except ApiError as error:
                if not self._namespaces.refused(namespace, error):
                    raise
        return listings

    def _learn_resource(self, resource: Kept) -> bool:
        """Remember a listed resource, and tell whether that is news."""
        before = self._store.identity(resource.identity.key)
        self._store.keep_resource(resource)
        return self._store.identity(resource.identity.key) not in (before, None)

    def _learn_job(self, job: JobView) -> bool:
        """Remember a listed Job, and tell whether that is news."""
        before = self._store.job(job.namespace, job.name)
        self._store.keep_job(job)
        return self._store.job(job.namespace, job.name) not in (before, None)

    def _forget_resource(self, seen: ResourceIdentity) -> bool:
        """Forget a resource that was not listed, and tell whether nobody had said that it is gone."""
        known = self._store.identity(seen.key)
        self._store.drop_resource(seen)
        return known is not None and known.uid == seen.uid

    def _forget_pod(self, pod: PodView) -> bool:
        """The same of a pod; one that has only ended is asked for when its words are needed."""
        known = pod in self._store.pods(pod.namespace, pod.job)
        if known:
            self._store.drop_pod(pod)
        return known

    async def _forget_job(self, job: JobView) -> bool:
        """The same of a Job; one without our label is in no listing, so who finds it missing asks for it."""
        known = self._store.job(job.namespace, job.name)
        if known is None or known.uid != job.uid:
            return False
        newest = await self._api.find("Job", job.namespace, job.name)
        if newest is None:
            self._store.drop_job(job.namespace, job.name, uid=job.uid, version=known.version)
            return True
        return self._store.put_job(newest).uid != job.uid


def _covers(namespaces: set[str], namespace: str) -> bool:
    """Tell whether a namespace is among these."""
    return namespace in namespaces or EVERYWHERE in namespaces
