"""What this machine has, and who may use it: CPU slots and GPUs, handed out whole.

A shard on the CPU takes its share of the cores, so that never more threads run than there are cores: threads that wait
for each other in turns are far slower than one stage after the other. A shard on GPUs takes those GPUs. The training
gang takes all it needs at once, so that its members never wait for each other.
"""

import asyncio
import os
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass

from ssd_operator.errors import InvalidInput
from ssd_operator.local import gpus as installed
from ssd_operator.plan import Graph

__all__ = ["Machine", "Share", "cores", "detect"]


@dataclass(frozen=True)
class Share:
    """What one process was given."""

    gpus: tuple[int, ...]
    threads: int

    def environment(self) -> dict[str, str]:
        """Return the environment variables that keep libraries within the share."""
        settings = {"OMP_NUM_THREADS": str(self.threads), "OMP_WAIT_POLICY": "PASSIVE"}
        if self.gpus:
            settings["CUDA_DEVICE_ORDER"] = "PCI_BUS_ID"
            settings["CUDA_VISIBLE_DEVICES"] = ",".join(str(gpu) for gpu in self.gpus)
        return settings


class Machine:
    """Hands out slots and GPUs, first come first served."""

    def __init__(self, *, cores: int, gpus: Sequence[int]) -> None:
        self.cores = cores
        self.gpus = len(gpus)
        self._free_slots = cores
        self._free_gpus = sorted(gpus)
        self._changed = asyncio.Condition()

    def check(self, graph: Graph) -> None:
        """Refuse a graph that this machine can never run."""
        for node in graph:
            self.require(stage=node.name, processes=node.tasks if node.is_gang else 1, gpus=node.gpus)

    def require(self, *, stage: str, processes: int, gpus: int) -> None:
        """Refuse a stage that this machine can never run."""
        if gpus * processes > self.gpus:
            raise InvalidInput(
                f"{stage}: asks for {gpus * processes} GPUs, this machine has {self.gpus}; "
                "lower the stage's GPU count (0 is the CPU) or run on a cluster"
            )

    @asynccontextmanager
    async def share(
        self, *, processes: int, gpus: int, siblings: int, on_full: Callable[[], None] = lambda: None
    ) -> AsyncIterator[list[Share]]:
        """Wait for room for some processes at once and give each its share; `on_full` hears that there is none yet."""
        threads = max(1, self.cores // min(self.cores, max(siblings, processes)))
        slots = 0 if gpus else min(processes * threads, self.cores)

        def has_room() -> bool:
            return self._free_slots >= slots and len(self._free_gpus) >= gpus * processes

        async with self._changed:
            if not has_room():
                on_full()
            await self._changed.wait_for(has_room)
            self._free_slots -= slots
            taken = [self._free_gpus.pop(0) for _ in range(gpus * processes)]
        try:
            yield [Share(tuple(taken[n * gpus : (n + 1) * gpus]), threads) for n in range(processes)]
        finally:
            async with self._changed:
                self._free_slots += slots
                self._free_gpus = sorted([*self._free_gpus, *taken])
                self._changed.notify_all()


def cores() -> int:
    """Return how many cores this process may use."""
    return len(os.sched_getaffinity(0))


def detect() -> Machine:
    """Look at this machine."""
    return Machine(cores=cores(), gpus=[gpu.index for gpu in installed.look().gpus])
