"""kopf's watches of the namespaces that answer.

kopf ends the whole operator when one of its watches is refused, so it never hears of that: its connection keeps such
an answer back, and the watches of that namespace are ended and begun again as `Namespaces` says.
"""

from __future__ import annotations

import asyncio
import logging
import re
from collections.abc import AsyncIterator, Awaitable, Callable
from functools import partial
from types import SimpleNamespace
from typing import Any

import aiohttp
import kopf
from kopf._cogs.clients import api, watching
from kopf._cogs.structs.references import Insights, NamespaceName

from ssd_operator import naming
from ssd_operator.cluster import ApiError, Raw, decode
from ssd_operator.serve.namespaces import Namespaces
from ssd_operator.spec.kinds import RESOURCE_KINDS

__all__ = ["JOBS", "PODS", "WATCHED", "Login", "decode_fast", "deliver_directly", "spawn"]

LOGGER = logging.getLogger(__name__)
JOBS, PODS = "jobs", "pods"
WATCHED = (
    *((naming.GROUP, naming.VERSION, row.plural) for row in RESOURCE_KINDS.values()),
    ("batch", "v1", JOBS),
    ("", "v1", PODS),
)
"""Group, version and plural of the kinds that concern us; what else kopf watches is its own."""
INFINITE_WATCH = watching.infinite_watch
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
    vars(api)["json"] = SimpleNamespace(loads=decode)


def deliver_directly(deliver: Deliver) -> None:
    """Let kopf hand over what its watches of our kinds bring, where it comes in.

    kopf makes a queue and a task for each object, which keep it for seconds: of 10,000 objects that are listed at a
    start that was most of this process's memory. To find and call a handler takes ten times as long as ours do.
    """
    vars(watching)["infinite_watch"] = partial(_infinite_watch, deliver)


async def _infinite_watch(deliver: Deliver, *, resource: Any, **options: Any) -> AsyncIterator[Any]:
    """Deliver events of our kinds, and leave kopf its bookmarks, and what it watches for itself."""
    ours = (resource.group, resource.version, resource.plural) in WATCHED
    async for event in INFINITE_WATCH(resource=resource, **options):
        if isinstance(event, watching.Bookmark) or not ours:
            yield event
        elif event["type"] != "BOOKMARK":
            _deliver(deliver, resource.plural, event)


def _deliver(deliver: Deliver, plural: str, event: Any) -> None:
    """Hand over an event; one that is not understood ends no watch."""
    try:
        deliver(plural, event["type"], event["object"])
    except Exception:
        LOGGER.exception("a bug: an event of %s was not understood", plural)


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
