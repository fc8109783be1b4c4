"""How far running stages are, asked of the workers themselves, and shown only when it is news.

A worker serves its progress as Prometheus metrics. Each stage is asked at most every few seconds and in the background,
so that a worker that does not answer keeps nobody waiting; its answer is shown at the next look. A change is shown when
it is at least one percent of the whole, or once a minute.
"""

from __future__ import annotations

import asyncio
import re
import time
from collections.abc import Awaitable, Callable
from dataclasses import dataclass

import aiohttp

from ssd_operator.cluster import Key
from ssd_operator.spec.status import ProgressStatus

__all__ = ["Fetch", "Reader", "Workers", "parse", "url"]

LINE = re.compile(
    r'^ssd_progress_(done|total)\{unit="([^"]*)"\} ([0-9]+(?:\.[0-9]+)?(?:[eE][+-]?[0-9]+)?)$', re.MULTILINE
)
SHOWN_EVERY_S = 60.0
TIMEOUT = aiohttp.ClientTimeout(total=3)
LARGEST_ANSWER = 1_000_000

Fetch = Callable[[str], Awaitable[str]]


def url(ip: str, port: int) -> str:
    """Return where a pod serves its metrics."""
    host = f"[{ip}]" if ":" in ip else ip
    return f"http://{host}:{port}/metrics"


class Workers:
    """All workers, over one session: a worker that is asked every few seconds keeps its connection."""

    def __init__(self) -> None:
        self._session: aiohttp.ClientSession | None = None

    async def fetch(self, url: str) -> str:
        """Return what a worker's metrics say, or nothing; a pod does not decide whom else the operator asks."""
        if self._session is None:
            connector = aiohttp.TCPConnector(limit=0)
            self._session = aiohttp.ClientSession(
                timeout=TIMEOUT, connector=connector, cookie_jar=aiohttp.DummyCookieJar()
            )
        page = bytearray()
        try:
            async with self._session.get(url, allow_redirects=False) as answer:
                async for part in answer.content.iter_any():
                    page += part
                    if len(page) > LARGEST_ANSWER:
                        return ""
        except (aiohttp.ClientError, OSError):
            return ""
        return page.decode(errors="replace")

    async def close(self) -> None:
        """Close the connections."""
        if self._session is not None:
            await self._session.close()


def parse(text: str) -> ProgressStatus | None:
    """Return the progress in a page of metrics, or None when it says nothing sensible."""
    counts = {kind: (unit, float(value)) for kind, unit, value in LINE.findall(text)}
    if "done" not in counts or "total" not in counts:
        return None
    unit, done = counts["done"]
    total = counts["total"][1]
    if not (0 <= done <= 1e15 and 0 <= total <= 1e15):
        return None
    return ProgressStatus(unit=unit[:64], done=int(done), total=int(total))


@dataclass
class Known:
    """When a stage was asked, and what was shown of its progress."""

    asked_at: float = float("-inf")
    shown: ProgressStatus | None = None
    shown_at: float = float("-inf")


class Reader:
    """Remembers when each stage was asked."""

    def __init__(self, *, every_s: float, get: Fetch, clock: Callable[[], float] = time.monotonic) -> None:
        self._every_s = every_s
        self._get = get
        self._clock = clock
        self._known: dict[tuple[Key, str], Known] = {}
        self._asking: set[asyncio.Task[None]] = set()

    def count(self) -> int:
        """Return of how many stages something is known."""
        return len(self._known)

    def read(self, key: Key, stage: str, url: str) -> ProgressStatus | None:
        """Return what is to be shown of a stage's progress, and ask again when it is time."""
        known = self._known.setdefault((key, stage), Known())
        now = self._clock()
        if now - known.asked_at >= self._every_s:
            known.asked_at = now
            task = asyncio.create_task(self._ask(known, url))
            self._asking.add(task)
            task.add_done_callback(self._asking.discard)
        return known.shown

    async def _ask(self, known: Known, url: str) -> None:
        """Ask one worker, and keep what is news."""
        answer = parse(await self._get(url))
        now = self._clock()
        if answer is not None and (_is_news(known.shown, answer) or now - known.shown_at >= SHOWN_EVERY_S):
            known.shown, known.shown_at = answer, now

    def forget(self, key: Key) -> None:
        """Drop what is known of a resource."""
        for place in [place for place in self._known if place[0] == key]:
            del self._known[place]


def _is_news(shown: ProgressStatus | None, answer: ProgressStatus) -> bool:
    """Tell whether the change is worth a write."""
    if shown is None or (shown.unit, shown.total) != (answer.unit, answer.total):
        return True
    return abs(answer.done - shown.done) * 100 >= max(answer.total, 1)
