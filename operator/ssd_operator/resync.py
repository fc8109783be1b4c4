"""A listing of everything, now and then: the safety net below the watches, and their judge.

The first one, before anything is decided, makes the process know what there is. Each later one puts right what a
watch may have missed, and tells how much that was.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import AsyncIterator, Callable

from ssd_operator import naming
from ssd_operator.cluster import Api, ApiError, Key, Store
from ssd_operator.handlers import SELECTOR
from ssd_operator.status import view_job, view_pod

__all__ = ["Resync"]

LOGGER = logging.getLogger(__name__)
GRACE_S = 10.0
"""What a watch may be late by."""


class Resync:
    """Lists the namespaces that are watched."""

    def __init__(self, api: Api, store: Store, namespaces: tuple[str, ...], *, grace_s: float = GRACE_S) -> None:
        self._api = api
        self._store = store
        self._namespaces = namespaces or ("",)
        self._grace_s = grace_s

    async def first(self) -> list[Key]:
        """Learn what there is, and return every resource."""
        for namespace in self._namespaces:
            async for raw in self._api.list("Job", namespace, selector=SELECTOR):
                self._store.put_job(view_job(raw))
            async for raw in self._api.list("Pod", namespace, selector=SELECTOR):
                self._store.put_pod(view_pod(raw))
            async for raw in self._api.list(naming.KIND, namespace):
                self._store.put_resource(raw)
        return list(self._store.resources)

    async def repeat(self, *, every_s: float, compared: Callable[[int], None]) -> None:
        """Compare now and then, for ever; a server that does not answer is asked the next time."""
        while True:
            await asyncio.sleep(every_s)
            try:
                compared(await self.again())
            except ApiError as error:
                LOGGER.warning("resync: %s", error)

    async def again(self) -> int:
        """Put right what the watches missed, and return how much that was."""
        resources = [raw async for raw in self._each(naming.KIND, "")]
        jobs = [view_job(raw) async for raw in self._each("Job", SELECTOR)]
        await asyncio.sleep(self._grace_s)
        missed = 0
        for raw in resources:
            missed += self._is_newer(raw)
            self._store.put_resource(raw)
        for job in jobs:
            known = self._store.job(job.namespace, job.name)
            missed += known is not None and known.uid == job.uid and known.version < job.version
            self._store.put_job(job)
        return missed

    async def _each(self, kind: str, selector: str) -> AsyncIterator[dict[str, object]]:
        for namespace in self._namespaces:
            async for raw in self._api.list(kind, namespace, selector=selector):
                yield raw

    def _is_newer(self, raw: dict[str, object]) -> bool:
        """Tell whether a listed resource is newer than what the watch has shown since."""
        metadata = raw["metadata"]
        assert isinstance(metadata, dict)
        known = self._store.resources.get(Key(metadata["namespace"], metadata["name"]))
        return known is not None and int(known["metadata"]["resourceVersion"]) < int(metadata["resourceVersion"])
