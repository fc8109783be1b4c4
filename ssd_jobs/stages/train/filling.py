"""The weights of a sharded model: every rank reads its rows of each from the files, and draws its own of adapters."""

from typing import Any

import torch
from torch import nn
from torch.distributed.tensor import DTensor
from torch.distributed.tensor._utils import compute_local_shape_and_global_offset

from ssd_jobs.models.weight_reader import WHOLE, WeightReader
from ssd_jobs.stages.train import lora

__all__ = ["fill"]


@torch.no_grad()
def fill(model: Any, reader: WeightReader, *, seed: int) -> None:
    """Give a model that has memory the weights of the files; adapters start from the seed."""
    for names, weight in _named(model):
        rows, mine = _share(weight)
        if mine.numel():
            values = _adapter(names[0], weight, rows, seed) if lora.is_adapter(names[0]) else _read(names, reader, rows)
            assert values.shape == mine.shape
            # Moved before it is widened: files hold bfloat16, and shards are float32.
            mine.copy_(values.to(mine.device))
    for name, buffer in model.named_buffers():
        if name in reader:
            buffer.copy_(reader.read(name))


def _named(model: Any) -> list[tuple[list[str], nn.Parameter]]:
    """Return every parameter with all of its names: of tied weights, the files hold any one."""
    found: dict[int, tuple[list[str], nn.Parameter]] = {}
    for name, weight in model.named_parameters(remove_duplicate=False):
        found.setdefault(id(weight), ([], weight))[0].append(name)
    return list(found.values())


def _share(weight: nn.Parameter) -> tuple[slice, torch.Tensor]:
    """Return which rows of a weight this rank holds, and its memory for them."""
    if not isinstance(weight, DTensor):
        return WHOLE, weight
    shape, offset = compute_local_shape_and_global_offset(weight.shape, weight.device_mesh, weight.placements)
    return slice(offset[0], offset[0] + shape[0]), weight.to_local()


def _adapter(name: str, weight: nn.Parameter, rows: slice, seed: int) -> torch.Tensor:
    """Return some rows of an adapter as it starts: all are drawn, so that any number of ranks has the same."""
    whole = torch.empty(weight.shape, dtype=weight.dtype)
    lora.initialize(name, whole, seed=seed)
    return whole[rows]


def _read(names: list[str], reader: WeightReader, rows: slice) -> torch.Tensor:
    """Return some rows of a weight that the files hold under one of its names."""
    plain = map(lora.source_name, names)
    return reader.read(next(name for name in plain if name in reader), rows)
