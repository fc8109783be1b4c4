"""The pass over a resource whose status cannot be read: it says so where people look, and does nothing else."""

from __future__ import annotations

import logging
from collections.abc import Callable
from datetime import datetime

from ssd_operator.cluster import Api, Recorder, Store, Unreadable, write_legible
from ssd_operator.lifecycle import events_between, hold_unread, is_over, retry_in

__all__ = ["UnreadablePass"]

LOGGER = logging.getLogger(__name__)


class UnreadablePass:
    """Holds resources of any kind."""

    def __init__(self, api: Api, store: Store, recorder: Recorder, clock: Callable[[], datetime]) -> None:
        self._api = api
        self._store = store
        self._recorder = recorder
        self._clock = clock

    async def hold(self, resource: Unreadable) -> float | None:
        """Write why nothing is done; return after how many seconds to look again. One that is over is left alone."""
        was = resource.legible
        if was is None:
            raise resource.error
        if is_over(was):
            return None
        problem = str(resource.error)
        now = hold_unread(was, problem=problem, now=self._clock(), generation=resource.generation)
        if now != was:
            LOGGER.warning("%s: its status cannot be read: %s", resource.key, problem)
            self._store.put_resource(await write_legible(self._api, resource, now))
            await self._recorder.record(resource, events_between(was, now))
        return retry_in(now, self._clock())
