"""How much memory of its machine a stage's pod needs, by sums over the model's size; nothing is measured here.

Of what torch has on a GPU nothing is counted. P are the model's weights, B the bytes of its files:

* a process that uses torch has `LIBRARIES` of its own, one per GPU, or `SMALL` where it is alone on a CPU;
* training keeps a copy of master weights and moments (12 bytes per weight) while a checkpoint is written behind it,
  shared out over the pods; on a CPU states, gradients and what is computed are there, too: 32 bytes;
* with adapters there is little to copy, and on a CPU the frozen weights are there: 8 bytes per weight;
* an engine reads the model's files once (B), and on a CPU keeps and answers from them: 3 B.
"""

from typing import Final, Literal

from ssd_jobs.contract.results import ModelSize

__all__ = ["Work", "host_bytes"]

Work = Literal["Training", "Engine"]
GIB: Final = 2**30
LIBRARIES: Final = 4 * GIB
SMALL: Final = 3 * GIB // 2
CHECKPOINTED: Final = 12
TRAINED_HERE: Final = 32
FROZEN_HERE: Final = 8
ENGINE_HERE: Final = 3


def host_bytes(size: ModelSize, work: Work, *, gpus: int, pods: int = 1, adapters: bool = False) -> int:
    """Return what each pod of a stage needs; `gpus` are those of one pod, `pods` those that train together."""
    if work == "Engine":
        return gpus * LIBRARIES + size.bytes if gpus else SMALL + ENGINE_HERE * size.bytes
    if gpus:
        return gpus * LIBRARIES + (0 if adapters else CHECKPOINTED) * size.parameters // pods
    return SMALL + (FROZEN_HERE if adapters else TRAINED_HERE) * size.parameters // pods
