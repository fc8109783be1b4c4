"""The HTTP server of the operator's process: liveness and readiness for the kubelet, metrics for Prometheus."""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Awaitable, Callable
from typing import Final

from aiohttp import web

from ssd_operator.serve.listening import listen
from ssd_operator.serve.metrics import Metrics

__all__ = ["Health", "serve"]

MOST_MISSES = 2
"""Resyncs in a row that found what a silent watch had missed: then a restart is better than to go on."""
RESOURCE: Final = "resource"
JOB: Final = "job"
POD: Final = "pod"
"""What is watched."""


class Health:
    """The state of the process: whether its watches deliver, and whether it has started."""

    def __init__(self, *, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._last_event = clock()
        self._delivered: set[str] = set()
        """Watches that have delivered something since the last resync."""
        self._misses = Counter[str]()
        self.ready = False
        """A standby is ready as well: it is ready to take over."""

    def note_event(self, watch: str) -> None:
        """Note that a watch has delivered an event."""
        self._last_event = self._clock()
        self._delivered.add(watch)

    def note_resync(self, missed: Counter[str]) -> None:
        """Note what a resync found; when nothing was missed, silence only means that nothing happened.

        A watch that delivers is late and not broken, however much it misses: a restart would make an overload worse.
        """
        silent = {watch for watch, count in missed.items() if count} - self._delivered
        self._misses = Counter({watch: self._misses[watch] + 1 for watch in silent})
        self._delivered.clear()
        if not missed.total():
            self._last_event = self._clock()

    @property
    def age(self) -> float:
        """Return how long ago the watches were known to be alive."""
        return self._clock() - self._last_event

    @property
    def alive(self) -> bool:
        """Tell whether going on makes sense."""
        return all(count < MOST_MISSES for count in self._misses.values())


def _page(metrics: Metrics) -> Callable[[web.Request], Awaitable[web.Response]]:
    """Return what answers with the metrics."""

    async def page(_request: web.Request) -> web.Response:
        return web.Response(body=metrics.text(), content_type="text/plain")

    return page


async def serve(health: Health, metrics: Metrics | None, port: int) -> web.AppRunner:
    """Start the server and return what stops it; without metrics where they have a port of their own."""

    async def healthz(_request: web.Request) -> web.Response:
        return web.Response(text="ok\n") if health.alive else web.Response(status=503, text="the watches are silent\n")

    async def readyz(_request: web.Request) -> web.Response:
        return web.Response(text="ok\n") if health.ready else web.Response(status=503, text="starting\n")

    application = web.Application()
    application.add_routes([web.get("/healthz", healthz), web.get("/readyz", readyz)])
    if metrics is not None:
        application.add_routes([web.get("/metrics", _page(metrics))])
    return await listen(application, port, setting="SSD_HTTP_PORT")
