"""Listings of a namespace, or of all: what the process begins with, and what its memory is compared with."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from ssd_operator import naming
from ssd_operator.cluster.api import Api
from ssd_operator.cluster.doors import Kept, enter
from ssd_operator.cluster.keys import ResourceIdentity, identify
from ssd_operator.cluster.store import Store
from ssd_operator.cluster.views import view_job
from ssd_operator.lifecycle import JobView
from ssd_operator.spec.kinds import RESOURCE_KINDS

__all__ = ["SELECTOR", "Listing", "Listings"]

SELECTOR: Final = f"{naming.LABEL_MANAGED}={naming.MANAGED_BY}"
"""Our Jobs and pods."""
AT_WORK = "status.phase!=Succeeded,status.phase!=Failed"


@dataclass(frozen=True)
class Listing:
    """What there is in one namespace."""

    present: set[str]
    """The uids of resources, Jobs and pods at work."""
    resources: list[Kept]
    """Those that are not known as they are; of the others nothing but the version is looked at."""
    jobs: list[JobView]


class Listings:
    """Lists namespaces."""

    def __init__(self, api: Api, store: Store) -> None:
        self._api = api
        self._store = store

    async def learn(self, namespace: str) -> None:
        """Remember everything that there is; resources last, so that their Jobs are known when they are looked at."""
        async for raw in self._api.list("Job", namespace, selector=SELECTOR):
            self._store.put_job(raw)
        async for raw in self._api.list("Pod", namespace, selector=SELECTOR):
            self._store.put_pod(raw)
        for kind in RESOURCE_KINDS:
            async for raw in self._api.list(kind, namespace):
                self._store.put_resource(raw)

    async def compare(self, namespace: str) -> Listing:
        """Return what there is, and remember nothing of it."""
        found = Listing(present=set(), resources=[], jobs=[])
        for kind in RESOURCE_KINDS:
            await self._compare_resources(kind, namespace, found)
        async for raw in self._api.list("Job", namespace, selector=SELECTOR):
            job = view_job(raw)
            found.present.add(job.uid)
            found.jobs.append(job)
        async for raw in self._api.list("Pod", namespace, selector=SELECTOR, fields=AT_WORK):
            found.present.add(raw["metadata"]["uid"])
        return found

    async def _compare_resources(self, kind: str, namespace: str, found: Listing) -> None:
        """Note the resources of one kind."""
        async for raw in self._api.list(kind, namespace):
            seen: ResourceIdentity = identify(raw)
            found.present.add(seen.uid)
            if seen != self._store.identity(seen.key):
                found.resources.append(enter(raw))
