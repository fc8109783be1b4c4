"""Gradients with fused kernels, which Triton's interpreter runs on the CPU: a program of its own.

`TRITON_INTERPRET=1 python -m processes.fused_gradients WORLD DIRECTORY…`: each directory holds a model and is named
after its family. One JSON object comes out: the largest relative distance of a weight's gradient from the one in
float64 without any kernel, by family and activation checkpointing. The interpreter must be chosen before Triton is
imported, so no test shares its process.
"""

import json
import sys
from pathlib import Path
from typing import Any, Literal

import numpy as np
import torch
from liger_kernel.ops import rms_norm
from triton import language
from triton.runtime import interpreter

from processes.ranks import on_ranks
from ssd_jobs.stages.train import batch, kernels, layout, model
from ssd_jobs.stages.train.layout import Pack
from ssd_jobs.stages.train.ranks import Ranks, whole
from workspaces import training

Mode = Literal["None", "Selective", "Full"]
MODES: tuple[Mode, ...] = ("None", "Selective", "Full")
LENGTHS = (3, 4)


class Scalar(float):
    """A number that kernels may convert, as they may on a GPU; the interpreter forgets to make one of a float."""

    def to(self, _dtype: Any) -> "Scalar":
        """Return the number."""
        return self


def _converted(argument: Any, convert: Any = interpreter._implicit_cvt) -> Any:  # noqa: SLF001 - the place to mend
    """Convert an argument of a kernel."""
    return Scalar(argument) if isinstance(argument, float) else convert(argument)


interpreter._implicit_cvt = _converted  # noqa: SLF001


def _rsqrt(values: Any) -> Any:
    """Call Triton's own function; the library takes it from the GPU's own library, which no CPU has."""
    return language.math.rsqrt(values)


rms_norm.rsqrt = _rsqrt


def _pack(rank: int) -> Pack:
    """Return a pack of two documents, each rank its own."""
    random = np.random.default_rng(rank)
    documents = [random.integers(3, training.VOCABULARY, length).astype(np.int32) for length in LENGTHS]
    return layout.arrange(documents, [1, 2], [0.25, 0.5], device=torch.device("cpu"))


def _gradients(trainee: model.Trainee, packs: list[Pack]) -> dict[str, torch.Tensor]:
    """Return every weight's gradient over some packs."""
    batch.backward(trainee, packs)
    named = {name: weight.grad for name, weight in trainee.named_weights().items()}
    trainee.zero_grad(set_to_none=True)
    return {name: whole(gradient).double() for name, gradient in named.items() if gradient is not None}


def distances(ranks: Ranks, directories: list[Path]) -> dict[str, Any]:
    """Return how far the gradients of every family are from the reference, and what was fused."""
    return {directory.name: _family(ranks, directory) for directory in directories}


def _family(ranks: Ranks, directory: Path) -> dict[str, Any]:
    """Return the distances of one family, and how many modules were fused in it."""
    packs = [_pack(rank) for rank in range(2)]
    mine = packs[ranks.rank : ranks.rank + 1] if ranks.world == 2 else packs
    reference = _gradients(model.load(directory, training.model_settings("Float64"), ranks), mine)
    found: dict[str, Any] = {}
    for mode in MODES:
        settings = training.model_settings("Float32", activation_checkpointing=mode)
        trainee = model.load(directory, settings, ranks)
        found["fused"] = kernels.fuse(trainee)
        fused = _gradients(trainee, mine)
        assert fused.keys() == reference.keys()
        found[mode] = max(
            float((fused[name] - reference[name]).norm() / reference[name].norm().clamp_min(1e-6)) for name in fused
        )
    return found


if __name__ == "__main__":
    world, *folders = sys.argv[1:]
    print(json.dumps(on_ranks(int(world), distances, [Path(folder) for folder in folders])[0]))
