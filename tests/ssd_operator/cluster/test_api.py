"""Whatever a server does to a request is one kind of error, so that the queue tries again and nobody calls it a bug."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager

import pytest
from kubernetes.aio import client

from ssd_operator.cluster import Api, ApiError, transport
from ssd_operator.cluster.transport import Http

Answer = Callable[[asyncio.StreamWriter], Awaitable[None]]


def says(text: str, *, length: int | None = None) -> Answer:
    """Answer with a status line and a body, and then hang up; `length` is what the header promises."""
    status, _, body = text.partition("|")
    head = f"HTTP/1.1 {status}\r\nContent-Type: application/json\r\nContent-Length: {length or len(body)}\r\n\r\n"

    async def answer(writer: asyncio.StreamWriter) -> None:
        writer.write((head + body).encode())
        await writer.drain()

    return answer


async def hangs_up(_writer: asyncio.StreamWriter) -> None:
    """Close the connection without a word."""


async def is_silent(_writer: asyncio.StreamWriter) -> None:
    """Never answer."""
    await asyncio.Event().wait()


@asynccontextmanager
async def connected(answer: Answer | None) -> AsyncIterator[tuple[Api, list[tuple[str, int]]]]:
    """Return a connection to a server that answers like this, None being nobody, and what it observes."""

    async def serve(_reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        assert answer is not None
        try:
            await answer(writer)
        finally:
            writer.close()

    server = await asyncio.start_server(serve, "127.0.0.1", 0)
    port = server.sockets[0].getsockname()[1]
    if answer is None:
        server.close()
        await server.wait_closed()
    seen: list[tuple[str, int]] = []
    configuration = client.Configuration()
    configuration.host = f"http://127.0.0.1:{port}"
    connection = Api(Http(client.ApiClient(configuration=configuration)), observe=lambda *what: seen.append(what))
    try:
        yield connection, seen
    finally:
        await connection.close()
        server.close()


@pytest.mark.parametrize(
    ("answer", "status", "reason"),
    [
        pytest.param(None, 0, "Unreachable", id="nobody"),
        pytest.param(hangs_up, 0, "Unreachable", id="hangs up"),
        pytest.param(is_silent, 0, "Unreachable", id="silent"),
        pytest.param(says('200 OK|{"kind": "Job"', length=400), 0, "Unreachable", id="cut off"),
        pytest.param(says('200 OK|{"kind": "Job"'), 0, "Truncated", id="cut off politely"),
        pytest.param(says("502 Bad Gateway|<html>"), 502, "", id="a proxy"),
        pytest.param(says('409 Conflict|{"reason": "Conflict", "message": "changed"}'), 409, "Conflict", id="conflict"),
    ],
)
async def test_a_failure_is_an_api_error(
    monkeypatch: pytest.MonkeyPatch, answer: Answer | None, status: int, reason: str
) -> None:
    """With the status and the reason that decide what is done about it; it is counted as the server gave it."""
    monkeypatch.setattr(transport, "TIMEOUT_S", 0.5)
    async with connected(answer) as (connection, seen):
        with pytest.raises(ApiError) as caught:
            await asyncio.wait_for(connection.get("Job", "lab", "j"), 60)
    assert (caught.value.status, caught.value.reason) == (status, reason)
    assert seen == [("GET", 200 if reason == "Truncated" else status)]


async def test_what_a_busy_server_asks_for_is_passed_on() -> None:
    """Its Retry-After is in the error, for the queue."""
    async with connected(says("429 Too Many Requests\r\nRetry-After: 7|{}")) as (connection, _):
        with pytest.raises(ApiError) as caught:
            await connection.get("Job", "lab", "j")
    assert caught.value.retry_after == 7.0
