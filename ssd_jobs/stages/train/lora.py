"""Low-rank adapters: trained in place of the weights, merged into them before export."""

import zlib
from typing import Any

import torch

from ssd_jobs.contract import Lora
from ssd_jobs.errors import BadInput, first_line

__all__ = ["initialize", "inject", "is_adapter", "merged", "source_name"]

ADAPTER = "default"
A, B, BASE = f".lora_A.{ADAPTER}.weight", f".lora_B.{ADAPTER}.weight", ".base_layer.weight"


def inject(model: Any, recipe: Lora, *, seed: int) -> None:
    """Put adapters beside the named projections and freeze everything else."""
    from peft import LoraConfig, inject_adapter_in_model

    if "lm_head" in recipe.targets:
        raise BadInput("lora.targets: lm_head cannot be adapted; its logits are computed in chunks from one weight")
    config = LoraConfig(
        r=recipe.rank, lora_alpha=recipe.alpha, target_modules=list(recipe.targets), lora_dropout=0.0, bias="none"
    )
    try:
        inject_adapter_in_model(config, model)
    except ValueError as error:
        raise BadInput(f"lora.targets: {first_line(error)}") from None
    for name, weight in model.named_parameters():
        weight.requires_grad_(is_adapter(name))
        if is_adapter(name) and weight.device.type != "meta":
            initialize(name, weight.data, seed=seed)


def is_adapter(name: str) -> bool:
    """Whether a parameter is part of an adapter."""
    return name.endswith((A, B))


def source_name(name: str) -> str:
    """Return the name that a parameter has without adapters."""
    return name.replace(".base_layer.", ".")


def initialize(name: str, weight: torch.Tensor, *, seed: int) -> None:
    """Start as the identity: B is zero, A is uniform; by seed and name, so on any number of ranks alike."""
    if name.endswith(B):
        weight.zero_()
        return
    generator = torch.Generator().manual_seed(seed + zlib.crc32(name.encode()))
    bound = weight.shape[1] ** -0.5
    weight.copy_((torch.rand(weight.shape, generator=generator, dtype=torch.float64) * 2 - 1) * bound)


def merged(weights: dict[str, torch.Tensor], recipe: Lora) -> dict[str, torch.Tensor]:
    """Return the weights with their adapters added in, under the names of the plain model."""
    scale = recipe.alpha / recipe.rank
    plain: dict[str, torch.Tensor] = {}
    for name, weight in weights.items():
        if is_adapter(name):
            continue
        stem = name.removesuffix(BASE)
        if stem != name:
            weight = weight + scale * (weights[stem + B] @ weights[stem + A])  # noqa: PLW2901
        plain[source_name(name)] = weight
    return plain
