"""A model's weights, read from its files one at a time, or only some rows of one.

A tensor that needs no conversion is a view of the file, which no process holds in memory of its own. Experts that the
files keep one by one are stacked for the rows that are asked for, and packed ones unpacked; whatever else transformers
converts is converted one parameter at a time and then cut.
"""

import copy
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import torch

from ssd_jobs.models import conversions, loading

__all__ = ["WHOLE", "WeightReader", "tensor_rows"]

WHOLE = slice(None)
"""All rows of a weight."""


class WeightReader:
    """The weights of a model by the names of its parameters; files that are not exactly the model are refused."""

    def __init__(self, path: Path, *, trust_remote_code: bool) -> None:
        self._model = loading.without_memory(path, trust_remote_code=trust_remote_code)
        self._files = _files(path)
        self._sources = conversions.sources(self._model, self._files)

    @property
    def conversions(self) -> list[Any]:
        """The conversions that an export reverts."""
        return conversions.lasting(self._model)

    def __contains__(self, name: object) -> bool:
        """Whether the files hold a parameter or buffer."""
        return name in self._sources

    def read(self, name: str, rows: slice = WHOLE) -> torch.Tensor:
        """Return a weight, or some of its rows, as it is in the files."""
        source = self._sources[name]
        if source.converter is None:
            ((tensor,),) = source.tensors.values()
            return tensor_rows(self._files[tensor], tensor, rows)
        converter = copy.deepcopy(source.converter)
        for pattern, tensors in source.tensors.items():
            for tensor in tensors[rows] if source.stacked else tensors:
                part = tensor_rows(self._files[tensor], tensor, rows if source.aligned else WHOLE)
                converter.add_tensor(source.target, tensor, pattern, part)
        made = converter.convert(source.target, model=self._model, config=self._model.config)[name]
        whole: torch.Tensor = made[0] if isinstance(made, list) else made
        return whole if source.stacked or source.aligned else whole[rows]


def tensor_rows(file: Any, name: str, rows: slice) -> torch.Tensor:
    """Return some rows of a tensor in an open file."""
    view = file.get_slice(name)
    found: torch.Tensor = view[rows] if view.get_shape() else view[...]
    return found


def _files(path: Path) -> Mapping[str, Any]:
    """Return the open file of every tensor."""
    from safetensors import safe_open

    opened: list[Any] = [safe_open(file, framework="pt") for file in loading.weight_files(path)]
    return {name: file for file in opened for name in file.keys()}  # noqa: SIM118
