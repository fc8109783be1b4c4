"""The kubelet's part in a process of its own: who measures an operator must not spend its time on playing pods.

It is driven by a watch, so that thousands of pods which run on cost nothing.
"""

import asyncio
import multiprocessing
from collections.abc import Collection
from multiprocessing.connection import Connection
from pathlib import Path

from cluster.kubelet import RUNS, UNFINISHED_PHASES, Ends, Kubelet, Pod
from cluster.watch import watch
from ssd_operator import naming
from ssd_operator.cluster import ApiError, connect

__all__ = ["KubeletProcess"]

MANAGED = f"{naming.LABEL_MANAGED}={naming.MANAGED_BY}"
CONFIG_RETRY_S = 0.2
AT_ONCE = 20


class KubeletProcess:
    """All nodes of one namespace; pods of the stages in `held` run on, all others end well at once."""

    def __init__(self, kubeconfig: Path, namespace: str, *, held: Collection[str] = ()) -> None:
        context = multiprocessing.get_context("spawn")
        self._answers, far = context.Pipe()
        arguments = (kubeconfig, namespace, frozenset(held), far)
        self._process = context.Process(target=_main, args=arguments, daemon=True)

    def start(self) -> int:
        """Begin, and return the process id."""
        self._process.start()
        assert self._process.pid is not None
        return self._process.pid

    def stop(self) -> int:
        """End, and return how many shards were worked on twice."""
        self._answers.send("stop")
        twice = int(self._answers.recv())
        self._process.join()
        return twice


def _main(kubeconfig: Path, namespace: str, held: frozenset[str], told: Connection) -> None:
    asyncio.run(_play(kubeconfig, namespace, held, told))


async def _play(kubeconfig: Path, namespace: str, held: frozenset[str], told: Connection) -> None:
    """Play until told to stop, then say how much was done twice."""
    api = await connect(kubeconfig)
    kubelet = Kubelet(api, namespace)
    kubelet.script = lambda pod: RUNS if _kind(pod) in held else Ends()
    following = asyncio.create_task(_follow(kubeconfig, kubelet))
    await asyncio.to_thread(told.recv)
    following.cancel()
    await asyncio.gather(following, return_exceptions=True)
    told.send(len(kubelet.workspace.twice()))
    await api.close()


def _kind(pod: Pod) -> str:
    return pod.stage.split("-", 1)[0]


async def _follow(kubeconfig: Path, kubelet: Kubelet) -> None:
    """Move every pod one step whenever it changes."""
    turns = asyncio.Semaphore(AT_ONCE)

    async def turn(raw: dict[str, object]) -> None:
        async with turns:
            moved = await _moved(kubelet, raw)
        while not moved:
            await asyncio.sleep(CONFIG_RETRY_S)
            moved = await _moved(kubelet, raw)

    async with asyncio.TaskGroup() as group:
        async for raw in watch(kubeconfig, "Pod", kubelet.namespace, selector=MANAGED):
            if "deletionTimestamp" not in raw["metadata"] and raw["status"].get("phase") in UNFINISHED_PHASES:
                group.create_task(turn(raw))


async def _moved(kubelet: Kubelet, raw: dict[str, object]) -> bool:
    """Move a pod; tell whether that is all, or whether it must wait for its config."""
    try:
        return await kubelet.turn(raw)
    except ApiError as error:
        return not error.conflict
