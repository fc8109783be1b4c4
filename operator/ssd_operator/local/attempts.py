"""One stage to its end: its processes, and what their exit codes mean.

The same table as on a cluster: 64 fails the stage with its message, 75 is tried again later without being counted,
anything else is tried again and counted. The training gang is started again as a whole.
"""

import asyncio
import json
import socket
from collections.abc import Callable
from contextlib import AsyncExitStack
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from ssd_jobs import contract
from ssd_operator.local import processes
from ssd_operator.local.machine import Machine, Share
from ssd_operator.local.workdir import Workdir
from ssd_operator.plan import Node

__all__ = ["Attempt", "Outcome", "free_port"]

TEMPORARY_WAITS = 5
"""How many of the stage's waits are gone through; then what is away is taken for lost."""


@dataclass(frozen=True)
class Outcome:
    """How a stage ended."""

    result: dict[str, Any] | None
    message: str
    attempt: int


Configure = Callable[[Node, int], contract.Config]


class Attempt:
    """Runs one stage, with retries."""

    def __init__(self, node: Node, workdir: Workdir, machine: Machine, *, limit: int) -> None:
        self._node = node
        self._workdir = workdir
        self._machine = machine
        self._limit = limit

    async def run(self, configure: Configure) -> Outcome:
        """Run every shard, or the gang, until it succeeds or gives up."""
        if self._node.is_gang:
            return await self._gang(configure)
        config = self._write(configure(self._node, 1))
        ends = await asyncio.gather(*(self._shard(config, index) for index in range(self._node.tasks)))
        failed = next((end for end in ends if end.result is None), None)
        return failed or ends[0]

    async def _shard(self, config: Path, index: int) -> Outcome:
        """Run one shard until it succeeds or gives up."""
        failures, waits = 0, self._waits()
        while True:
            async with self._machine.share(processes=1, gpus=self._node.gpus, siblings=self._node.tasks) as [share]:
                end = await self._process(config, index, share)
            outcome, counted = _judge(end, failures, bool(waits), limit=self._limit)
            if outcome is not None:
                return outcome
            failures += counted
            await asyncio.sleep(1.0 if counted else waits.pop(0))

    async def _gang(self, configure: Configure) -> Outcome:
        """Run the training gang; a failure starts all of it again, from its newest checkpoint."""
        attempt, failures, waits = 1, 0, self._waits()
        while True:
            config = self._write(configure(self._node, attempt))
            async with AsyncExitStack() as stack:
                shares = await stack.enter_async_context(
                    self._machine.share(processes=self._node.tasks, gpus=self._node.gpus, siblings=self._node.tasks)
                )
                ends = await asyncio.gather(
                    *(self._process(config, index, share) for index, share in enumerate(shares))
                )
            end = min(ends, key=_severity)
            outcome, counted = _judge(end, failures, bool(waits), limit=self._limit)
            if outcome is not None:
                return Outcome(outcome.result, outcome.message, attempt)
            attempt, failures = attempt + 1, failures + counted
            await asyncio.sleep(1.0 if counted else waits.pop(0))

    def _waits(self) -> list[int]:
        """Return the seconds to wait each time that something outside is away."""
        return list(self._node.row.retry.waits_s[:TEMPORARY_WAITS])

    async def _process(self, config: Path, index: int, share: Share) -> processes.Finished:
        """Run one process with its share of the machine."""
        log = self._workdir.log_file(self._node.name, index)
        return await processes.run(config, index=index, log=log, environment=share.environment())

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


def _severity(end: processes.Finished) -> int:
    """Order the ends of a gang: what the user must change first, success last."""
    order = {int(contract.ExitCode.BAD_INPUT): 0, int(contract.ExitCode.TEMPORARY): 2, 0: 3}
    return order.get(end.code, 1)


def _judge(end: processes.Finished, failures: int, may_wait: bool, *, limit: int) -> tuple[Outcome | None, bool]:
    """Return the end of a stage, or None and whether the failure counts."""
    if end.code == contract.ExitCode.OK:
        result = contract.load_result(end.output)
        if result is not None:
            return Outcome(json.loads(end.output), "", 1), False
    message = end.message or f"ended with exit code {end.code}"
    if end.code == contract.ExitCode.BAD_INPUT:
        return Outcome(None, message, 1), False
    if end.code == contract.ExitCode.TEMPORARY:
        return (None, False) if may_wait else (Outcome(None, message, 1), False)
    if failures + 1 >= limit:
        return Outcome(None, message, 1), True
    return None, True
