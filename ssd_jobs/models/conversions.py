"""How the tensors in a model's files become its parameters, and back: transformers' own table, one parameter at a time.

transformers converts whole models. Here the same transforms are asked about single parameters, so that nobody needs
the memory of all of them: a mixture of experts has a file tensor per expert and one parameter for all experts.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

import torch

__all__ = ["Source", "groups", "lasting", "remember", "reverted", "sources"]

USED = "_weight_conversions"
"""Where transformers keeps the transforms that the files of a model needed."""


@dataclass(frozen=True)
class Source:
    """The tensors in the files that one parameter is made of, or several parameters together."""

    target: str
    """The first of the parameters."""
    converter: Any
    """What makes them; None where the tensor is the parameter."""
    tensors: dict[str, list[str]] = field(default_factory=dict)
    """Names of tensors, in order, by the pattern of the converter that they match."""

    @property
    def stacked(self) -> bool:
        """Whether the rows of the parameter are the tensors of the lists, one per expert."""
        from transformers.core_model_loading import Concatenate, MergeModulelist

        if self.converter is None:
            return False
        first, *others = self.converter.operations
        is_stack = isinstance(first, MergeModulelist) and first.dim == 0
        return is_stack and all(isinstance(each, Concatenate) and each.dim > 0 for each in others)

    @property
    def aligned(self) -> bool:
        """Whether a row of the parameter is made of the same row of each tensor, as packed experts are."""
        return self.converter is None or _unpacks(self.converter)


def sources(model: Any, names: Iterable[str]) -> dict[str, Source]:
    """Return the source of every parameter and buffer of a model, given the names in its files.

    Names that the model has no place for are left out: they were refused before, or are ones that transformers ignores.
    """
    from transformers.core_model_loading import dot_natural_key, rename_source_key

    renamings, converters = _kinds(_used(model))
    of_pattern = {pattern: converter for converter in converters for pattern in converter.source_patterns}
    places = model.state_dict()
    found: dict[str, Source] = {}
    for name in sorted(names, key=dot_natural_key):
        target, pattern = rename_source_key(name, renamings, converters, model.base_model_prefix, places)
        if target not in places and name in places:
            target, pattern = name, None
        converter = None if pattern is None else of_pattern[pattern]
        source = found.setdefault(target, Source(target, converter))
        source.tensors.setdefault(pattern or name, []).append(name)
    return {name: source for source in found.values() for name in _made(source) if name in places}


def lasting(model: Any) -> list[Any]:
    """Return the conversions that an export reverts: experts that were packed stay unpacked, for they are trained."""
    return [each for each in _used(model) if not _unpacks(each)]


def remember(model: Any, transforms: list[Any]) -> None:
    """Give a model the conversions that it is to be written with."""
    vars(model)[USED] = transforms


def groups(model: Any, names: Iterable[str]) -> list[list[str]]:
    """Return the parameters in the order of writing, together those that become tensors together."""
    from transformers.core_model_loading import dot_natural_key, rename_source_key

    back = [transform.reverse_transform() for transform in _used(model)[::-1]]
    renamings, converters = _kinds(back)
    found: dict[str, list[str]] = {}
    for name in sorted(names, key=dot_natural_key):
        together, _ = rename_source_key(name, renamings, converters, reverse=True)
        found.setdefault(together, []).append(name)
    return list(found.values())


def reverted(model: Any, weights: Mapping[str, torch.Tensor]) -> dict[str, torch.Tensor]:
    """Return parameters, whole groups of them, as the tensors of the files that the model was loaded from."""
    from transformers.core_model_loading import revert_weight_conversion

    found: dict[str, torch.Tensor] = revert_weight_conversion(model, dict(weights))
    return found


def _used(model: Any) -> list[Any]:
    """Return the conversions that a model was loaded with."""
    found: list[Any] = vars(model)[USED]
    return found


def _unpacks(transform: Any) -> bool:
    """Tell whether a transform turns four bits into numbers."""
    from transformers.integrations.mxfp4 import Mxfp4Dequantize

    operations = getattr(transform, "operations", ())
    return bool(operations) and all(isinstance(each, Mxfp4Dequantize) for each in operations)


def _kinds(transforms: Iterable[Any]) -> tuple[list[Any], list[Any]]:
    """Tell transforms that only rename from those that compute."""
    from transformers.core_model_loading import WeightConverter

    renaming: list[Any] = []
    computing: list[Any] = []
    for each in transforms:
        (computing if isinstance(each, WeightConverter) else renaming).append(each)
    return renaming, computing


def _made(source: Source) -> list[str]:
    """Return the parameters that a source makes."""
    if source.converter is None:
        return [source.target]
    first, *others = source.converter.target_patterns
    return [source.target, *(source.target.replace(first, other) for other in others)]
