"""Metrics over TLS, for bearers of a token whom the API server lets read /metrics; nobody else learns anything."""

from __future__ import annotations

import hashlib
import os
import ssl
import time
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Final

from aiohttp import web

from ssd_operator.cluster import ApiError
from ssd_operator.errors import InvalidInput
from ssd_operator.serve.listening import listen
from ssd_operator.serve.metrics import Metrics

__all__ = ["Reviewer", "serve"]

PATH: Final = "/metrics"
BEARER: Final = "Bearer "
KNOWN_S = 60.0
MOST_TOKENS = 256
MayRead = Callable[[str], Awaitable[bool]]


class Reviewer:
    """Remembers for a minute who may read; of a token only a digest is kept."""

    def __init__(self, ask: MayRead, *, clock: Callable[[], float] = time.monotonic) -> None:
        self._ask = ask
        self._clock = clock
        self._known: dict[str, tuple[bool, float]] = {}

    async def may_read(self, token: str) -> bool:
        """Tell whether the bearer of a token may read the metrics."""
        digest = hashlib.sha256(token.encode()).hexdigest()
        allowed, asked_at = self._known.get(digest, (False, float("-inf")))
        if self._clock() - asked_at >= KNOWN_S:
            allowed = await self._ask(token)
            while len(self._known) >= MOST_TOKENS:
                self._known.pop(next(iter(self._known)))
            self._known[digest] = (allowed, self._clock())
        return allowed


class Certificate:
    """The certificate in a folder, read again when it was renewed."""

    def __init__(self, folder: Path) -> None:
        self._files = (folder / "tls.crt", folder / "tls.key")
        self._changed = 0.0
        self.context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
        self.refresh()

    def refresh(self) -> None:
        """Use what is in the folder now for connections from now on."""
        try:
            changed = max(file.stat().st_mtime for file in self._files)
            if changed != self._changed:
                self.context.load_cert_chain(*self._files)
                self._changed = changed
        except OSError as error:
            why = os.strerror(error.errno) if error.errno else str(error)
            raise InvalidInput(
                f"SSD_METRICS_TLS: {self._files[0].parent} has no certificate to serve with ({why})"
            ) from None


async def serve(metrics: Metrics, reviewer: Reviewer, folder: Path, port: int) -> web.AppRunner:
    """Start the server and return what stops it."""
    certificate = Certificate(folder)

    async def page(request: web.Request) -> web.Response:
        certificate.refresh()
        sent = request.headers.get("Authorization", "")
        if not sent.startswith(BEARER):
            return web.Response(status=401, headers={"WWW-Authenticate": "Bearer"})
        try:
            allowed = await reviewer.may_read(sent.removeprefix(BEARER))
        except ApiError:
            return web.Response(status=503, text="the API server cannot be asked who this is\n")
        return web.Response(body=metrics.text(), content_type="text/plain") if allowed else web.Response(status=403)

    application = web.Application()
    application.add_routes([web.get(PATH, page)])
    return await listen(application, port, setting="SSD_METRICS_PORT", context=certificate.context)
