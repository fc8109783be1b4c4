"""Laws of kopf's connection: kopf can tell whether credentials are new by asking whether the connection is."""

import inspect
import json
import logging
from collections.abc import AsyncIterator
from types import SimpleNamespace
from typing import Any

import aiohttp
import kopf
import pytest
from aiohttp import test_utils, web
from kopf._cogs.clients import api, watching
from kopf._core.reactor import queueing

from ssd_operator import cluster
from ssd_operator.cluster import Raw
from ssd_operator.serve import watches
from ssd_operator.serve.namespaces import Namespaces
from ssd_operator.serve.watches import Login


async def test_the_same_credentials_are_the_same_connection() -> None:
    """Credentials that were refused and are found once more are not new: kopf gives up instead of trying for ever."""
    found = kopf.ConnectionInfo(server="http://127.0.0.1:1", token="first")
    login = Login(lambda **_: found, Namespaces())
    first = await login()
    assert await login() == first
    found = kopf.ConnectionInfo(server="http://127.0.0.1:1", token="second")
    second = await login()
    assert second != first
    for each in (first, second):
        assert each is not None
        await each.aiohttp_session.close()


async def test_no_credentials_are_no_connection() -> None:
    """A pod without a token is told by kopf that it cannot log in."""
    assert await Login(lambda **_: None, Namespaces())() is None


async def test_the_lines_of_watches_are_decoded_by_us(monkeypatch: pytest.MonkeyPatch) -> None:
    """kopf has no setting for it; a version of it that reads lines in another way would be slower, and is told here."""
    decoded: list[bytes | str] = []

    def noting(text: bytes | str) -> object:
        decoded.append(text)
        return cluster.decode(text)

    async def answer(_request: web.Request) -> web.Response:
        return web.Response(body=b'{"type": "ADDED"}\n{"type": "DELETED"}\n')

    monkeypatch.setattr(api, "json", json)  # put back afterwards
    monkeypatch.setattr(watches, "decode", noting)
    watches.decode_fast()
    application = web.Application()
    application.add_routes([web.get("/watch", answer)])
    async with test_utils.TestServer(application) as server, aiohttp.ClientSession() as session:

        async def send(**_: object) -> aiohttp.ClientResponse:
            return await session.get(server.make_url("/watch"))

        monkeypatch.setattr(api, "request", send)
        settings, logger = kopf.OperatorSettings(), logging.getLogger()
        lines = [event async for event in api.stream("/watch", settings=settings, logger=logger)]
    assert lines == [{"type": "ADDED"}, {"type": "DELETED"}]
    assert len(decoded) == 2


async def test_events_come_to_us_straight(monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture) -> None:
    """What a watch of our kinds brings is handed over as it is, and kopf keeps nothing of it; the rest is kopf's own.

    One that is not understood is logged, and the watch goes on.
    """
    delivered: list[tuple[str, str | None, object]] = []
    brought = [
        {"type": None, "object": {"name": "a"}},
        watching.Bookmark.LISTED,
        {"type": "ADDED", "object": {}},
        {"type": "BOOKMARK", "object": {"name": "b"}},
        {"type": "DELETED", "object": {"name": "a"}},
    ]

    def deliver(plural: str, kind: str | None, raw: Raw) -> None:
        delivered.append((plural, kind, raw["name"]))

    async def infinite_watch(**_: object) -> AsyncIterator[object]:
        for each in brought:
            yield each

    monkeypatch.setattr(watching, "infinite_watch", None)  # put back afterwards
    monkeypatch.setattr(watches, "INFINITE_WATCH", infinite_watch)
    watches.deliver_directly(deliver)
    watch: Any = watching.infinite_watch
    jobs = SimpleNamespace(group="batch", version="v1", plural="jobs")
    assert [event async for event in watch(resource=jobs, namespace="lab")] == [watching.Bookmark.LISTED]
    assert delivered == [("jobs", None, "a"), ("jobs", "DELETED", "a")]
    assert "an event of jobs was not understood" in caplog.text
    spaces = SimpleNamespace(group="", version="v1", plural="namespaces")
    assert [event async for event in watch(resource=spaces, namespace=None)] == brought
    assert len(delivered) == 2


def test_kopf_asks_for_its_watches_where_we_are() -> None:
    """A version of kopf that finds its watch by another name would deliver everything to handlers that do nothing."""
    assert "watching.infinite_watch(" in inspect.getsource(queueing.watcher)
