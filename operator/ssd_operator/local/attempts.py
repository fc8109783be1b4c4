"""One stage to its end: its processes, tried again as the retry table of both runners says.

A shard is tried again alone, the training gang as a whole. What happened outside is waited for, but not for ever: a
person sits in front of this machine.
"""

import asyncio
import json
import socket
import time
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any, Protocol

from ssd_jobs import contract
from ssd_operator.lifecycle import retry
from ssd_operator.local import processes
from ssd_operator.local.machine import Machine, Share
from ssd_operator.local.workdir import Workdir
from ssd_operator.plan import Node

__all__ = ["Attempt", "Outcome", "RunProcess", "WaitBudget", "free_port"]


@dataclass(frozen=True)
class Outcome:
    """How a stage ended."""

    result: dict[str, Any] | None
    message: str
    attempt: int
    away: bool = False
    """True when it waits for something outside that stayed away for too long: it has not failed."""


class WaitBudget:
    """How long a run waits, in all, for what is away; time in which several stages wait counts once."""

    def __init__(
        self,
        seconds: float,
        *,
        clock: Callable[[], float] = time.monotonic,
        sleep: Callable[[float], Awaitable[None]] = asyncio.sleep,
    ) -> None:
        self._left = seconds
        self._clock = clock
        self._sleep = sleep
        self._waiting = 0
        self._since = 0.0

    async def wait(self, seconds: float) -> bool:
        """Wait, as long as time is left; return whether to try again."""
        self._count()
        if seconds > 0 and self._left <= 0:
            return False
        self._waiting += 1
        try:
            await self._sleep(min(seconds, max(self._left, 0.0)))
        finally:
            self._count()
            self._waiting -= 1
        return True

    def _count(self) -> None:
        """Take off the time since the last call, if any stage waited in it."""
        now = self._clock()
        if self._waiting:
            self._left -= now - self._since
        self._since = now


Configure = Callable[[Node, int], contract.Config]


class RunProcess(Protocol):
    """Runs one stage process to its end."""

    async def __call__(
        self, config: Path, *, index: int, log: Path, environment: Mapping[str, str]
    ) -> processes.Finished:
        """Return how it ended."""


class Attempt:
    """Runs one stage, with retries."""

    def __init__(
        self,
        node: Node,
        workdir: Workdir,
        machine: Machine,
        *,
        limit: int,
        wait_budget: WaitBudget,
        on_wait: Callable[[str], None],
        on_room: Callable[[bool], None] = lambda _: None,
        run: RunProcess = processes.run,
    ) -> None:
        self._node = node
        self._workdir = workdir
        self._machine = machine
        self._limit = limit
        self._wait_budget = wait_budget
        self._on_wait = on_wait
        """Called with what is waited for, and with nothing when the wait is over."""
        self._on_room = on_room
        """Called with False when no process has room on the machine, and with True when one has."""
        self._processes = 0
        self._run = run

    async def run(self, configure: Configure) -> Outcome:
        """Run every shard, or the gang, until it succeeds, is given up, or waits in vain."""
        if self._node.is_gang:
            return await self._attempt_until_done(partial(self._gang, configure))
        config = self._write(configure(self._node, 1))
        shards = (partial(self._shard, config, index) for index in range(self._node.tasks))
        ends = await asyncio.gather(*map(self._attempt_until_done, shards))
        lost = [end for end in ends if end.result is None]
        return min(lost, key=lambda end: end.away, default=ends[0])

    async def _attempt_until_done(self, once: Callable[[int], Awaitable[processes.Finished]]) -> Outcome:
        """Run it until it succeeds or the retry table says that it is not tried again."""
        attempt, failures = 1, 0
        while True:
            finished = await once(attempt)
            end = _end_of(finished)
            if end == "Done":
                return Outcome(json.loads(finished.output), "", attempt)
            message = finished.message or f"ended with exit code {finished.code}"
            row = self._node.row.retry
            follows = retry.after(end, row, limit=self._limit, failures=failures, attempt=attempt)
            if not follows.again:
                return Outcome(None, message, attempt)
            if not await self._wait(follows.wait_s, message):
                return Outcome(None, message, attempt, away=True)
            attempt, failures = attempt + 1, follows.failures

    async def _wait(self, seconds: int, message: str) -> bool:
        """Wait before the next try, as long as time is left, and say what for; return whether to try again."""
        if not seconds:
            return True
        self._on_wait(message)
        again = await self._wait_budget.wait(seconds)
        if again:
            self._on_wait("")
        return again

    async def _shard(self, config: Path, index: int, _attempt: int) -> processes.Finished:
        """Run one shard once; which attempt it is makes no difference to it."""
        async with self._share(processes=1) as [share]:
            return await self._process(config, index, share)

    async def _gang(self, configure: Configure, attempt: int) -> processes.Finished:
        """Run the gang once; it goes on from its newest checkpoint, and ends as its gravest member does."""
        config = self._write(configure(self._node, attempt))
        async with self._share(processes=self._node.tasks) as shares:
            ends = await asyncio.gather(*(self._process(config, index, share) for index, share in enumerate(shares)))
        gravest = retry.gravest(map(_end_of, ends))
        return next(end for end in ends if _end_of(end) == gravest)

    @asynccontextmanager
    async def _share(self, *, processes: int) -> AsyncIterator[list[Share]]:
        """Wait for room for some processes; a stage waits for it as long as none of its processes runs."""
        node = self._node

        def on_full() -> None:
            if not self._processes:
                self._on_room(False)

        async with self._machine.share(
            processes=processes, gpus=node.gpus, siblings=node.tasks, on_full=on_full
        ) as shares:
            self._on_room(True)
            self._processes += processes
            try:
                yield shares
            finally:
                self._processes -= processes

    async def _process(self, config: Path, index: int, share: Share) -> processes.Finished:
        """Run one process with its share of the machine."""
        log = self._workdir.log_file(self._node.name, index)
        return await self._run(config, index=index, log=log, environment=share.environment())

    def _write(self, config: contract.Config) -> Path:
        """Write the config that the processes read."""
        path = self._workdir.config_file(self._node.name)
        path.write_text(contract.dump(config), encoding="utf-8")
        return path


def free_port() -> int:
    """Return a port that is free on loopback now."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def _end_of(finished: processes.Finished) -> retry.EndKind:
    """Return what the end of a process means; one that leaves no result has not done its work."""
    end = retry.end_of(finished.code)
    return "Counted" if end == "Done" and contract.load_result(finished.output) is None else end
