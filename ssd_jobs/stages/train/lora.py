"""Low-rank adapters: trained in place of the weights, merged into them before export."""

import zlib
from typing import Any

import torch
from torch import nn

from ssd_jobs.contract import Lora
from ssd_jobs.models.adapting import linear_layers

__all__ = ["initialize", "inject", "is_adapter", "merged", "source_name"]

A, B, BASE = ".lora_A.weight", ".lora_B.weight", ".base_layer.weight"


class Adapted(nn.Module):
    """A linear layer and the product of two thin ones beside it."""

    def __init__(self, base: nn.Linear, *, rank: int, scale: float) -> None:
        super().__init__()
        place = {"device": base.weight.device, "dtype": base.weight.dtype}
        self.base_layer = base
        self.lora_A = nn.Linear(base.in_features, rank, bias=False, **place)
        self.lora_B = nn.Linear(rank, base.out_features, bias=False, **place)
        self._scale = scale

    def forward(self, inputs: torch.Tensor) -> torch.Tensor:
        """Add what the adapter says to what the layer says."""
        change: torch.Tensor = self.lora_B(self.lora_A(inputs))
        return torch.add(self.base_layer(inputs), change, alpha=self._scale)


def inject(model: Any, adapters: Lora) -> None:
    """Add adapters to the layers that the config names, and freeze everything else."""
    for name in linear_layers(model, adapters):
        parent, _, child = name.rpartition(".")
        adapted = Adapted(model.get_submodule(name), rank=adapters.rank, scale=_scale(adapters))
        setattr(model.get_submodule(parent), child, adapted)
    for name, weight in model.named_parameters():
        weight.requires_grad_(is_adapter(name))


def is_adapter(name: str) -> bool:
    """Whether a parameter is part of an adapter."""
    return name.endswith((A, B))


def source_name(name: str) -> str:
    """Return the name that a parameter has without adapters, and an adapter's the one of the weight that it changes."""
    for adapter in (A, B):
        name = name.replace(adapter, ".weight")
    return name.replace(".base_layer.", ".")


def initialize(name: str, weight: torch.Tensor, *, seed: int) -> None:
    """Start as the identity: B is zero, A is uniform; by seed and name, so on any number of ranks alike."""
    if name.endswith(B):
        weight.zero_()
        return
    generator = torch.Generator().manual_seed(seed + zlib.crc32(name.encode()))
    bound = weight.shape[1] ** -0.5
    weight.copy_((torch.rand(weight.shape, generator=generator, dtype=torch.float64) * 2 - 1) * bound)


def merged(weights: dict[str, torch.Tensor], adapters: Lora) -> dict[str, torch.Tensor]:
    """Return the weights with their adapters added in, under the names of the plain model."""
    plain: dict[str, torch.Tensor] = {}
    for name, weight in weights.items():
        if is_adapter(name):
            continue
        stem = name.removesuffix(BASE)
        if stem != name:
            weight = weight + _scale(adapters) * (weights[stem + B] @ weights[stem + A])  # noqa: PLW2901
        plain[source_name(name)] = weight
    return plain


def _scale(adapters: Lora) -> float:
    """Return what the product of A and B counts for."""
    return adapters.alpha / adapters.rank
