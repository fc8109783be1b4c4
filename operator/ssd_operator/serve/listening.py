"""A port on which the operator answers over HTTP."""

from __future__ import annotations

import os
import ssl

from aiohttp import web

from ssd_operator.errors import InvalidInput

__all__ = ["listen"]


async def listen(
    application: web.Application, port: int, *, setting: str, context: ssl.SSLContext | None = None
) -> web.AppRunner:
    """Start a server and return what stops it; a port that cannot be had is named with its setting."""
    runner = web.AppRunner(application, access_log=None)
    await runner.setup()
    try:
        await web.TCPSite(runner, port=port, ssl_context=context).start()
    except OSError as error:
        await runner.cleanup()
        why = os.strerror(error.errno or 0)
        raise InvalidInput(f"{setting}: cannot listen on port {port} ({why}); name a free one") from None
    return runner
