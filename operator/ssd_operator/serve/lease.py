"""One leader: a Lease of coordination.k8s.io, taken, renewed, and given up by ending the process.

Time is measured on this machine only: a Lease is free when nobody has renewed it for its duration while we watched.
Renewing runs in a thread with a loop of its own, so that a busy operator does not look like a dead one, and a leader
that cannot renew ends at once instead of going on beside its successor. Nothing depends on there being one leader:
two at once do nothing twice, they only waste requests.
"""

from __future__ import annotations

import asyncio
import logging
import threading
import time
from collections.abc import Awaitable, Callable

from ssd_operator.cluster import Api, ApiError, Lease, Leases

__all__ = ["Elector", "lead_in_thread"]

LOGGER = logging.getLogger(__name__)
DURATION_S = 15
RENEW_WITHIN_S = 10.0
RETRY_S = 2.0


class Elector:
    """One candidate."""

    def __init__(
        self, api: Api, *, namespace: str, name: str, identity: str, clock: Callable[[], float] = time.monotonic
    ) -> None:
        self._leases = Leases(api, duration_s=DURATION_S)
        self._namespace, self._name, self._identity = namespace, name, identity
        self._clock = clock
        self._seen = ("", 0.0)
        """The version of the Lease that was seen last, and when it was seen first."""

    async def attempt(self) -> bool:
        """Take or renew the Lease; tell whether it is ours now."""
        lease = await self._leases.read(self._namespace, self._name)
        if lease.holder not in ("", self._identity) and not self._is_free(lease):
            return False
        return await self._leases.hold(lease, self._identity)

    async def release(self) -> None:
        """Give the Lease up, so that the next one need not wait."""
        lease = await self._leases.read(self._namespace, self._name)
        if lease.holder == self._identity:
            await self._leases.hold(lease, "")

    def _is_free(self, lease: Lease) -> bool:
        """Tell whether the holder has been silent for the whole duration, by our own clock."""
        version, since = self._seen
        now = self._clock()
        if lease.version != version:
            self._seen = (lease.version, now)
            return False
        return now - since > lease.duration_s


async def _lead(elector: Elector, taken: Callable[[], None], stop: threading.Event) -> None:
    """Take the Lease, then renew it until `stop` is set; return early when it is lost."""
    while not await _attempt_in_time(elector):
        if await _wait_or_stop(stop):
            return
    taken()
    renewed = time.monotonic()
    while not await _wait_or_stop(stop):
        if await _attempt_in_time(elector):
            renewed = time.monotonic()
        elif time.monotonic() - renewed > RENEW_WITHIN_S:
            LOGGER.error("the Lease was lost: another operator may lead")
            return
    await elector.release()


async def _attempt_in_time(elector: Elector) -> bool:
    """Attempt once; a server that does not answer in time did not renew."""
    try:
        return await asyncio.wait_for(elector.attempt(), RENEW_WITHIN_S / 2)
    except (ApiError, TimeoutError) as error:
        LOGGER.warning("the Lease was not renewed: %s", error)
        return False


async def _wait_or_stop(stop: threading.Event) -> bool:
    """Wait until the next attempt is due; tell whether `stop` was set meanwhile."""
    return await asyncio.to_thread(stop.wait, RETRY_S)


async def _run_candidate(
    connect: Callable[[], Awaitable[Api]],
    make: Callable[[Api], Elector],
    taken: Callable[[], None],
    stop: threading.Event,
) -> None:
    """Run one candidate, over a connection of its own."""
    api = await connect()
    try:
        await _lead(make(api), taken, stop)
    finally:
        await api.close()


def lead_in_thread(
    connect: Callable[[], Awaitable[Api]],
    make: Callable[[Api], Elector],
    *,
    taken: Callable[[], None],
    ended: Callable[[], None],
    stop: threading.Event,
) -> threading.Thread:
    """Start a candidate in a thread; `taken` and `ended` are called there."""

    def body() -> None:
        try:
            asyncio.run(_run_candidate(connect, make, taken, stop))
        except Exception:  # a leader that does not know whether it leads must not go on
            LOGGER.exception("leader election failed")
        finally:
            ended()

    thread = threading.Thread(target=body, name="lease", daemon=True)
    thread.start()
    return thread
