"""kopf's watches of the namespaces that answer.

kopf ends the whole operator when one of its watches is refused, so it never hears of that: its connection keeps such
an answer back, and the watches of that namespace are ended and begun again as `Namespaces` says.
"""

from __future__ import annotations

import asyncio
import logging
import re
from collections.abc import Awaitable, Callable
from types import SimpleNamespace
from typing import Any

import aiohttp
import kopf
from kopf._cogs.clients import api as watching
from kopf._cogs.structs.references import Insights, NamespaceName
from kopf._core.reactor import processing

from ssd_operator.cluster import ApiError, Raw, decode
from ssd_operator.serve.namespaces import Namespaces

__all__ = ["Login", "decode_fast", "deliver_directly", "spawn"]

LOGGER = logging.getLogger(__name__)
IN_NAMESPACE = re.compile(r"/namespaces/([^/]+)/")
Send = Callable[[aiohttp.ClientRequest], Awaitable[aiohttp.ClientResponse]]
Deliver = Callable[[str, str | None, Raw], None]
"""Called with the plural of a kind, what happened, and the object."""


class Login:
    """Makes kopf's connection from the credentials that kopf finds."""

    def __init__(self, find: Callable[..., kopf.ConnectionInfo | None], namespaces: Namespaces) -> None:
        self._find = find
        self._namespaces = namespaces
        self._made: tuple[kopf.ConnectionInfo, kopf.AiohttpSession] | None = None

    async def __call__(self, **kwargs: Any) -> kopf.AiohttpSession | None:
        """Return a connection; the same one for the same credentials, so that kopf knows those that were invalid."""
        credentials = self._find(**kwargs)
        if credentials is None:
            return None
        if self._made is None or self._made[0] != credentials:
            self._made = (credentials, self._connect(credentials))
        return self._made[1]

    def _connect(self, credentials: kopf.ConnectionInfo) -> kopf.AiohttpSession:
        session = aiohttp.ClientSession(
            connector=aiohttp.TCPConnector(limit=0, ssl=credentials.as_ssl_context()),
            headers=credentials.as_http_headers(),
            proxy=credentials.proxy_url,
            trust_env=credentials.trust_env,
            middlewares=(self._keep_refusals_back,),
        )
        return kopf.AiohttpSession(
            server=credentials.server, default_namespace=credentials.default_namespace, aiohttp_session=session
        )

    async def _keep_refusals_back(self, request: aiohttp.ClientRequest, send: Send) -> aiohttp.ClientResponse:
        """Answer as the server does; a refusal of a namespace is never answered, until kopf's watch of it is ended."""
        answer = await send(request)
        place = IN_NAMESPACE.search(request.url.path)
        if place is not None and answer.status >= 400:
            error = ApiError.read(answer.status, await answer.read())
            if self._namespaces.refused(place[1], error):
                await asyncio.Event().wait()
        return answer


def decode_fast() -> None:
    """Let kopf decode the lines of its watches as fast as we decode answers; it offers no setting for that."""
    vars(watching)["json"] = SimpleNamespace(loads=decode)


def deliver_directly(deliver: Deliver) -> None:
    """Let kopf hand over what its watches bring; to find and call a handler for it takes ten times as long as ours do.

    kopf has read everything once when each object of its first listing was handed over, and says so where it is asked.
    """

    async def process(
        *, resource: Any, raw_event: Any, resource_indexed: Any = None, operator_indexed: Any = None, **_: Any
    ) -> None:
        if operator_indexed is not None and resource_indexed is not None:
            await operator_indexed.drop_toggle(resource_indexed)
        try:
            deliver(resource.plural, raw_event["type"], raw_event["object"])
        except Exception:
            LOGGER.exception("a bug: an event of %s was not understood", resource.plural)

    vars(processing)["process_resource_event"] = process


async def spawn(
    registry: kopf.OperatorRegistry, settings: kopf.OperatorSettings, namespaces: Namespaces, stop: asyncio.Event
) -> list[asyncio.Task[None]]:
    """Begin to watch, and return the tasks that do it until the flag is raised."""
    insights = Insights()
    tasks = await kopf.spawn_tasks(
        registry=registry,
        settings=settings,
        insights=insights,
        standalone=True,
        clusterwide=namespaces.everywhere,
        namespaces=() if namespaces.everywhere else namespaces.watched,
        stop_flag=stop,
    )
    if namespaces.everywhere:
        return list(tasks)
    return [*tasks, asyncio.create_task(_follow(namespaces, insights))]


async def _follow(namespaces: Namespaces, insights: Insights) -> None:
    """Let kopf watch the namespaces that answer and no other, for ever."""
    await insights.ready_namespaces.wait()
    while True:
        namespaces.changed.clear()
        async with insights.revised:
            insights.namespaces.clear()
            insights.namespaces.update(map(NamespaceName, namespaces.watched))
            insights.revised.notify_all()
        await namespaces.changed.wait()
