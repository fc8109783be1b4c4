"""How a process that watches comes to its end: whoever ends first ends all, and work is never cut by a dying watch."""

import asyncio
from collections.abc import Awaitable

import pytest

from ssd_operator.serve import process


class Life:
    """Bodies and a watch that note how they end."""

    def __init__(self) -> None:
        self.ended: list[str] = []
        self.begun = asyncio.Event()

    async def body(self, name: str) -> None:
        """Work for ever."""
        try:
            await asyncio.Event().wait()
        finally:
            await asyncio.sleep(0)
            self.ended.append(name)

    async def watch(self, flag: asyncio.Event) -> None:
        """Watch until the flag is raised, as kopf does."""
        self.begun.set()
        await flag.wait()
        self.ended.append("watch")


async def ends(body: Awaitable[object]) -> None:
    """Wait for an end that must come by itself."""
    async with asyncio.timeout(60):
        await body


async def test_a_watch_that_ends_ends_the_process() -> None:
    """kopf gave up: who goes on without watches sees nothing any more, so all ends and the kubelet starts it anew."""
    life = Life()

    async def watch(_flag: asyncio.Event) -> None:
        await asyncio.sleep(0)

    await ends(process.until_stopped((life.body("queue"), life.body("resync")), watch))
    assert life.ended == ["queue", "resync"]


async def test_a_watch_that_fails_says_why() -> None:
    """Its error is the process's, and nothing else goes on."""
    life = Life()

    async def watch(_flag: asyncio.Event) -> None:
        raise RuntimeError("no such resource")

    with pytest.raises(RuntimeError, match="no such resource"):
        await ends(process.until_stopped((life.body("queue"),), watch))
    assert life.ended == ["queue"]


async def test_who_is_told_to_stop_ends_the_work_first() -> None:
    """The watch is told to end when the work has ended: kopf would end tasks that are not its own."""
    life, stop = Life(), asyncio.Event()
    running = asyncio.create_task(process.until_stopped((life.body("queue"), stop.wait()), life.watch))
    await ends(life.begun.wait())
    stop.set()
    await ends(running)
    assert life.ended == ["queue", "watch"]


async def test_a_bug_of_the_queue_ends_the_process() -> None:
    """An error of a body is the process's as well."""
    life = Life()

    async def broken() -> None:
        raise RuntimeError("a bug")

    with pytest.raises(RuntimeError, match="a bug"):
        await ends(process.until_stopped((broken(), life.body("resync")), life.watch))
    assert sorted(life.ended) == ["resync", "watch"]
