"""The HTTP server of the operator's process: liveness and readiness for the kubelet, metrics for Prometheus."""

from __future__ import annotations

import os
import time
from collections.abc import Callable

from aiohttp import web

from ssd_operator.errors import InvalidInput
from ssd_operator.serve.metrics import Metrics

__all__ = ["Health", "serve"]

MOST_MISSES = 2
"""Resyncs in a row that found what the watches had missed: then a restart is better than to go on."""


class Health:
    """The state of the process: whether its watches deliver, and whether it has started."""

    def __init__(self, *, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._last_event = clock()
        self._misses = 0
        self.ready = False
        """A standby is ready as well: it is ready to take over."""

    def note_event(self) -> None:
        """Note that a watch has delivered an event."""
        self._last_event = self._clock()

    def note_resync(self, *, missed: int) -> None:
        """Note what a resync found; when nothing was missed, silence only means that nothing happened."""
        self._misses = self._misses + 1 if missed else 0
        if not missed:
            self.note_event()

    @property
    def age(self) -> float:
        """Return how long ago the watches were known to be alive."""
        return self._clock() - self._last_event

    @property
    def alive(self) -> bool:
        """Tell whether going on makes sense."""
        return self._misses < MOST_MISSES


async def serve(health: Health, metrics: Metrics, port: int) -> web.AppRunner:
    """Start the server and return what stops it."""

    async def healthz(_request: web.Request) -> web.Response:
        return web.Response(text="ok\n") if health.alive else web.Response(status=503, text="the watches are silent\n")

    async def readyz(_request: web.Request) -> web.Response:
        return web.Response(text="ok\n") if health.ready else web.Response(status=503, text="starting\n")

    async def page(_request: web.Request) -> web.Response:
        return web.Response(body=metrics.text(), content_type="text/plain")

    application = web.Application()
    application.add_routes([web.get("/healthz", healthz), web.get("/readyz", readyz), web.get("/metrics", page)])
    runner = web.AppRunner(application, access_log=None)
    await runner.setup()
    try:
        await web.TCPSite(runner, port=port).start()
    except OSError as error:
        await runner.cleanup()
        why = os.strerror(error.errno or 0)
        raise InvalidInput(f"SSD_HTTP_PORT: cannot listen on port {port} ({why}); name a free one") from None
    return runner
