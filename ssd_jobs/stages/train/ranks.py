"""Who this process is among those that train together.

One process alone still has a process group, over a store in memory, so that sharding and checkpoints have one way.
"""

import datetime as dt
import os
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass

import torch
import torch._C._distributed_c10d as c10d
import torch.distributed as dist
from torch.distributed.tensor import DTensor

from ssd_jobs.sandbox import allowance

__all__ = ["Ranks", "alone", "from_environment", "member", "whole"]


@dataclass(frozen=True)
class Ranks:
    """This process's place, its device, and how it talks to the others about CPU tensors."""

    rank: int
    world: int
    device: torch.device

    @property
    def first(self) -> bool:
        """Whether this rank speaks for all of them."""
        return self.rank == 0


@contextmanager
def alone(*, gpus: int) -> Iterator[Ranks]:
    """Set up the process group of a single rank."""
    device = torch.device("cuda", 0) if gpus else torch.device("cpu")
    with member(Ranks(0, 1, device), store=c10d.HashStore(), timeout_s=1800) as ranks:
        yield ranks


@contextmanager
def from_environment(*, gpus: int, timeout_s: float) -> Iterator[Ranks]:
    """Join the gang that torchrun's engine described in the environment."""
    local = int(os.environ["LOCAL_RANK"])
    device = torch.device("cuda", local) if gpus else torch.device("cpu")
    ranks = Ranks(int(os.environ["RANK"]), int(os.environ["WORLD_SIZE"]), device)
    with member(ranks, store=None, timeout_s=timeout_s):
        yield ranks


@contextmanager
def member(ranks: Ranks, *, store: c10d.Store | None, timeout_s: float) -> Iterator[Ranks]:
    """Join a process group, gloo and with a GPU also NCCL; without a store the environment says where."""
    backend = "gloo"
    if ranks.device.type == "cuda":
        torch.cuda.set_device(ranks.device)
        backend = "cpu:gloo,cuda:nccl"
    else:
        # Rounded, not cut: a second thread at half of its time is worth more than none.
        torch.set_num_threads(max(1, round(allowance.cores())))
    timeout = dt.timedelta(seconds=timeout_s)
    if store is None:
        dist.init_process_group(backend, timeout=timeout)
    else:
        dist.init_process_group(backend, store=store, rank=ranks.rank, world_size=ranks.world, timeout=timeout)
    try:
        yield ranks
    finally:
        dist.destroy_process_group()


def whole(tensor: torch.Tensor) -> torch.Tensor:
    """Return the full tensor of a sharded one, on every rank; all ranks must ask."""
    return tensor.full_tensor() if isinstance(tensor, DTensor) else tensor
