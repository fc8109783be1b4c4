"""Laws of kopf's connection: kopf can tell whether credentials are new by asking whether the connection is."""

import json
import logging
from types import SimpleNamespace
from typing import Any

import aiohttp
import kopf
import pytest
from aiohttp import test_utils, web
from kopf._cogs.clients import api as watching
from kopf._core.reactor import processing

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

    monkeypatch.setattr(watching, "json", json)  # put back afterwards
    monkeypatch.setattr(watches, "decode", noting)
    watches.decode_fast()
    application = web.Application()
    application.add_routes([web.get("/watch", answer)])
    async with test_utils.TestServer(application) as server, aiohttp.ClientSession() as session:

        async def send(**_: object) -> aiohttp.ClientResponse:
            return await session.get(server.make_url("/watch"))

        monkeypatch.setattr(watching, "request", send)
        settings, logger = kopf.OperatorSettings(), logging.getLogger()
        lines = [event async for event in watching.stream("/watch", settings=settings, logger=logger)]
    assert lines == [{"type": "ADDED"}, {"type": "DELETED"}]
    assert len(decoded) == 2


async def test_events_come_to_us_straight(monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture) -> None:
    """What a watch brings is handed over as it is; one that is not understood is logged, and the watch goes on."""
    delivered: list[tuple[str, str | None, object]] = []

    def deliver(plural: str, kind: str | None, raw: Raw) -> None:
        delivered.append((plural, kind, raw["name"]))

    monkeypatch.setattr(processing, "process_resource_event", None)  # put back afterwards
    watches.deliver_directly(deliver)
    process: Any = processing.process_resource_event
    jobs = SimpleNamespace(plural="jobs")
    await process(resource=jobs, raw_event={"type": None, "object": {"name": "a"}}, registry="kopf's own")
    await process(resource=jobs, raw_event={"type": "ADDED", "object": {}}, settings="kopf's own")
    await process(resource=jobs, raw_event={"type": "DELETED", "object": {"name": "a"}})
    assert delivered == [("jobs", None, "a"), ("jobs", "DELETED", "a")]
    assert "an event of jobs was not understood" in caplog.text
