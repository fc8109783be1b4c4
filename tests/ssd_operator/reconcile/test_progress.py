"""Laws of progress: asked rarely, shown when it is news, and never a reason to fail."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import pytest
from aiohttp import test_utils, web
from hypothesis import given
from hypothesis import strategies as st

from ssd_operator.cluster import run_key
from ssd_operator.reconcile.progress import Reader, Workers, parse, url
from ssd_operator.spec.status import ProgressStatus

KEY = run_key("lab", "toy")
PAGE = """# HELP ssd_progress_done Units of work.
# TYPE ssd_progress_done gauge
ssd_progress_done{unit="steps"} 1250.0
ssd_progress_total{unit="steps"} 2500.0
ssd_loss 0.41
"""


def page(done: int) -> str:
    return PAGE.replace("1250.0", f"{done}.0")


class Worker:
    """A worker and a clock."""

    def __init__(self) -> None:
        self.done, self.now, self.asked = 0, 0.0, 0
        self.reader = Reader(every_s=10, get=self.get, clock=lambda: self.now)

    async def get(self, _url: str) -> str:
        """Answer with the current page."""
        self.asked += 1
        return page(self.done)

    async def shown(self, *, done: int, after: float) -> int | None:
        """Let time pass and work be done, and return what is shown of it."""
        self.done, self.now = done, self.now + after
        self.reader.read(KEY, "train", "http://pod/metrics")
        for _ in range(5):
            await asyncio.sleep(0)
        found = self.reader.read(KEY, "train", "http://pod/metrics")
        return found.done if found else None


def test_the_workers_own_words_are_read() -> None:
    """Done, total and unit are taken from the metrics page."""
    assert parse(PAGE) == ProgressStatus(unit="steps", done=1250, total=2500)


@pytest.mark.parametrize(
    "text", ["", "nothing", PAGE.replace("2500.0", "NaN"), PAGE.replace("1250.0", "-1"), "\0" * 99]
)
def test_nonsense_is_no_progress(text: str) -> None:
    """Whatever else a port answers means nothing."""
    assert parse(text) is None


@given(
    done=st.from_regex(r"[0-9.eE+-]{1,12}", fullmatch=True), total=st.from_regex(r"[0-9.eE+-]{1,12}", fullmatch=True)
)
def test_whatever_stands_for_a_number_is_read(done: str, total: str) -> None:
    """Progress is two numbers or none at all; no page ends the one who reads it."""
    found = parse(PAGE.replace("1250.0", done).replace("2500.0", total))
    assert found is None or (found.done, found.total) == (int(float(done)), int(float(total)))


async def test_a_worker_is_asked_rarely_and_shown_when_it_is_news() -> None:
    """Within ten seconds nobody asks; below one percent nothing is shown, until a minute has passed."""
    worker = Worker()
    assert await worker.shown(done=100, after=0) == 100
    assert await worker.shown(done=900, after=9) == 100
    assert worker.asked == 1
    assert await worker.shown(done=110, after=1) == 100
    assert worker.asked == 2
    assert await worker.shown(done=130, after=10) == 130
    assert await worker.shown(done=131, after=30) == 130
    assert await worker.shown(done=131, after=30) == 131


async def test_a_worker_that_is_silent_keeps_nobody_waiting() -> None:
    """A look at a stage returns at once with what is known, also while its worker is being asked."""

    async def never(_url: str) -> str:
        await asyncio.Event().wait()
        return ""

    assert Reader(every_s=10, get=never).read(KEY, "train", "http://pod/metrics") is None


async def fetch(address: str) -> str:
    """Ask one worker, and nobody after it."""
    workers = Workers()
    try:
        return await workers.fetch(address)
    finally:
        await workers.close()


async def test_nobody_answers() -> None:
    """A port at which nobody is gives nothing and raises nothing."""
    assert await fetch("http://127.0.0.1:9/metrics") == ""


@asynccontextmanager
async def serving(parts: list[bytes]) -> AsyncIterator[str]:
    """A server that answers in pieces; yields its address."""

    async def answer(request: web.Request) -> web.StreamResponse:
        response = web.StreamResponse()
        await response.prepare(request)
        for part in parts:
            await response.write(part)
            await asyncio.sleep(0.01)
        return response

    application = web.Application()
    application.add_routes([web.get("/metrics", answer)])
    async with test_utils.TestServer(application) as server:
        yield str(server.make_url("/metrics"))


async def test_a_page_that_comes_in_pieces_is_read_to_its_end() -> None:
    """What a worker says last counts as much as what it says first."""
    halves = [PAGE[:100].encode(), PAGE[100:].encode()]
    async with serving(halves) as address:
        assert await fetch(address) == PAGE


async def test_an_endless_page_is_no_page() -> None:
    """A port that never stops talking is given up."""
    async with serving([b"ssd_progress_done 1\n" * 10_000] * 20) as address:
        assert await fetch(address) == ""


async def test_a_pod_sends_the_operator_nowhere_else() -> None:
    """What another address says is no progress of this pod, and is never asked for."""
    async with serving([PAGE.encode()]) as elsewhere:

        async def redirect(_request: web.Request) -> web.Response:
            raise web.HTTPFound(elsewhere)

        application = web.Application()
        application.add_routes([web.get("/metrics", redirect)])
        async with test_utils.TestServer(application) as server:
            assert parse(await fetch(str(server.make_url("/metrics")))) is None


async def test_a_worker_keeps_its_connection() -> None:
    """Who is asked again and again is connected to once."""
    peers = set()

    async def answer(request: web.Request) -> web.Response:
        assert request.transport is not None
        peers.add(request.transport.get_extra_info("peername"))
        return web.Response(text=PAGE)

    application = web.Application()
    application.add_routes([web.get("/metrics", answer)])
    workers = Workers()
    async with test_utils.TestServer(application) as server:
        for _ in range(3):
            assert parse(await workers.fetch(str(server.make_url("/metrics")))) is not None
        await workers.close()
    assert len(peers) == 1


@pytest.mark.parametrize(("ip", "host"), [("10.0.0.1", "10.0.0.1"), ("fd00::1", "[fd00::1]")])
def test_a_pod_is_asked_at_its_address(ip: str, host: str) -> None:
    """An address of either family becomes one that can be asked."""
    assert url(ip, 9400) == f"http://{host}:9400/metrics"
