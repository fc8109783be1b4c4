"""Stages that several runs of one process have in common: each is carried out once, and the others take its result.

A stage that failed has failed for all of them, as the Job of that key has on a cluster.
"""

import asyncio
from collections import defaultdict
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager

from ssd_operator.local.state import StageState
from ssd_operator.plan import Node

__all__ = ["SharedStages"]


class SharedStages:
    """Who is at which artifact, and which stages have come to an end."""

    def __init__(self) -> None:
        self._ends: dict[tuple[str, str], StageState] = {}
        self._locks: defaultdict[str, asyncio.Lock] = defaultdict(asyncio.Lock)
        """One for each artifact: stages of different keys may make the same one, and it has one writer."""

    @asynccontextmanager
    async def alone_with(self, node: Node) -> AsyncIterator[None]:
        """Hold everything that a stage may make, once nobody else does."""
        async with AsyncExitStack() as held:
            in_one_order = sorted({artifact.key for artifact in node.artifacts})  # so that no two wait in turn
            for key in in_one_order:
                await held.enter_async_context(self._locks[key])
            yield

    def end_of(self, node: Node) -> StageState | None:
        """Return how a stage of this recipe ended, None when none has."""
        return self._ends.get((node.kind, node.key))

    def note(self, node: Node, state: StageState) -> None:
        """Remember how a stage ended, if it has."""
        if state.phase in ("Succeeded", "Failed"):
            self._ends[node.kind, node.key] = state
