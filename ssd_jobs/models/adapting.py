"""Which layers of a model low-rank adapters can be put beside: the linear layers of its blocks, and nothing else.

The experts of a mixture are many matrices in one tensor, and the head's logits are computed in chunks from its
weight: neither has a place for an adapter. Naming one of them, or nothing where one would be left out, is refused.
"""

from collections.abc import Collection, Mapping
from typing import Any, NoReturn

from torch import nn

from ssd_jobs.contract import Lora
from ssd_jobs.errors import BadInput

__all__ = ["linear_layers"]


def linear_layers(model: Any, adapters: Lora) -> list[str]:
    """Return the full names of the layers that the targets mean; no targets mean every linear layer of the blocks."""
    blocks = model.get_decoder().layers
    place = next(name for name, module in model.named_modules() if module is blocks)
    modules = {f"{place}.{name}": module for name, module in blocks.named_modules() if name}
    linear = {name: module for name, module in modules.items() if isinstance(module, nn.Linear)}
    others = {name: module for name, module in modules.items() if name not in linear}
    if not adapters.targets:
        _refuse_left_out(others, linear)
    for target in adapters.targets:
        _refuse_other(target, others, linear)
    meant = [name for name in linear if not adapters.targets or _is_target(name, adapters)]
    _refuse_rank(adapters.rank, {name: linear[name] for name in meant})
    return meant


def _is_target(name: str, adapters: Lora) -> bool:
    """Tell whether some target means a layer."""
    return any(_matches(target, name) for target in adapters.targets)


def _refuse_rank(rank: int, layers: Mapping[str, nn.Linear]) -> None:
    """Refuse adapters that are larger than what they change can use."""
    for name, layer in layers.items():
        least = min(layer.in_features, layer.out_features)
        if rank > least:
            raise BadInput(
                f"training.lora.rank: {rank} is more than {name} can use, which is {layer.out_features} x "
                f"{layer.in_features}; set at most {least}, or leave {name.rpartition('.')[2]} out of the targets"
            )


def _refuse_left_out(others: Mapping[str, nn.Module], linear: Collection[str]) -> None:
    """Refuse to mean every layer where some matrices are in none."""
    for name, module in others.items():
        if any(weight.ndim > 1 for weight in module.parameters(recurse=False)):
            _refuse(f"is empty, and {name}, which is no linear layer, would be left out", linear)


def _refuse_other(target: str, others: Mapping[str, nn.Module], linear: Collection[str]) -> None:
    """Refuse a target that means something besides linear layers, or nothing."""
    for name, module in others.items():
        for each in (name, *(f"{name}.{own}" for own, _ in module.named_parameters(recurse=False))):
            if _matches(target, each):
                _refuse(f"{target} is {each}, which is no linear layer and cannot be adapted", linear)
    if not any(_matches(target, name) for name in linear):
        _refuse(f"{target} is no linear layer of this model's blocks", linear)


def _matches(target: str, name: str) -> bool:
    """Return whether a target is this name or its end."""
    return name == target or name.endswith(f".{target}")


def _refuse(what: str, linear: Collection[str]) -> NoReturn:
    """Raise BadInput: what is wrong, and which layers there are."""
    names = ", ".join(sorted({name.rpartition(".")[2] for name in linear}))
    advice = f"name some of {names}, or train" if names else "train"
    raise BadInput(f"training.lora.targets: {what}; {advice} all weights with training.lora.rank 0")
