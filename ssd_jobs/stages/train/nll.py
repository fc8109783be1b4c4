"""The NLL of documents under the model as it is: what the guard and the export check compare."""

from collections.abc import Sequence

import numpy as np
import numpy.typing as npt
import torch
import torch.distributed as dist

from ssd_jobs.stages.train import layout, packing
from ssd_jobs.stages.train.corpus import Corpus
from ssd_jobs.stages.train.model import Trainee
from ssd_jobs.stages.train.ranks import Ranks

__all__ = ["Document", "chosen", "nll"]

Document = tuple[npt.NDArray[np.int32], int]
"""Tokens, and how many of them carry no loss."""


def chosen(corpus: Corpus, *, count: int, tokens: int) -> list[int]:
    """Return up to `count` records, evenly spread, of at most about `tokens` tokens in all."""
    spread = np.unique(np.linspace(0, len(corpus.lengths) - 1, count).round().astype(int))
    within = corpus.lengths[spread].cumsum() <= max(tokens, int(corpus.lengths[spread[0]]))
    return [int(record) for record in spread[within]]


@torch.no_grad()
def nll(trainee: Trainee, documents: Sequence[Document], ranks: Ranks, *, budget: int) -> npt.NDArray[np.float64]:
    """Return the summed NLL of each document's loss tokens, on every rank."""
    assigned = packing.assign([len(tokens) - 1 for tokens, _ in documents], ranks.world, budget)
    sums = torch.zeros(len(documents), dtype=torch.float64)
    for index in range(max(len(packs) for packs in assigned)):
        mine = assigned[ranks.rank][index] if index < len(assigned[ranks.rank]) else []
        if not mine:
            trainee(layout.empty(device=ranks.device))
            continue
        parts = [documents[position] for position in mine]
        pack = layout.arrange([p[0] for p in parts], [p[1] for p in parts], [0.0] * len(parts), device=ranks.device)
        _, values = trainee(pack)
        split = values.double().cpu().split(list(pack.loss_lengths))
        sums[mine] = torch.stack([value.sum() for value in split])
    trainee.after_scoring()
    dist.all_reduce(sums)
    return sums.numpy()
