"""Several ranks on one machine, quickly: processes forked from a server that has imported everything already."""

import multiprocessing
import tempfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import torch
import torch._C._distributed_c10d as c10d

from ssd_jobs.stages.train import ranks

CONTEXT = multiprocessing.get_context("forkserver")
CONTEXT.set_forkserver_preload(
    [
        "ssd_jobs.stages.train.job",
        "transformers.models.auto.modeling_auto",
        "transformers.models.qwen3.modeling_qwen3",
    ]
)

Function = Callable[..., Any]


def on_ranks(world: int, function: Function, *arguments: Any) -> list[Any]:
    """Call function(ranks, *arguments) on every rank and return the results; an error of any rank is ours."""
    if world == 1:
        with ranks.alone(gpus=0) as place:
            return [function(place, *arguments)]
    with tempfile.TemporaryDirectory() as directory:
        queue = CONTEXT.SimpleQueue()
        processes = [
            CONTEXT.Process(target=_member, args=(rank, world, directory, queue, function, arguments))
            for rank in range(world)
        ]
        for process in processes:
            process.start()
        results = dict(queue.get() for _ in processes)
        for process in processes:
            process.join()
    for result in results.values():
        if isinstance(result, BaseException):
            raise result
    return [results[rank] for rank in range(world)]


def _member(rank: int, world: int, directory: str, queue: Any, function: Function, arguments: tuple[Any, ...]) -> None:
    """Be one rank."""
    torch.set_num_threads(1)
    store = c10d.FileStore(str(Path(directory) / "store"), world)
    try:
        with ranks.member(ranks.Ranks(rank, world, torch.device("cpu")), store=store, timeout_s=60) as place:
            torch.set_num_threads(1)
            queue.put((rank, function(place, *arguments)))
    except BaseException as error:  # noqa: BLE001 - raised again by the caller
        queue.put((rank, error))
