"""One optimizer step's documents, and their gradient: the same sum however they are split into ranks and packs."""

from collections.abc import Sequence
from typing import Literal

import torch

from ssd_jobs.stages.train import corpus, layout
from ssd_jobs.stages.train.corpus import Corpus
from ssd_jobs.stages.train.layout import Pack
from ssd_jobs.stages.train.model import Trainee
from ssd_jobs.stages.train.ranks import Ranks

__all__ = ["backward", "packs"]

Assignment = Sequence[Sequence[Sequence[int]]]
"""For every rank its packs, each a list of positions in the batch."""


def packs(
    data: Corpus,
    records: Sequence[int],
    assignment: Assignment,
    *,
    weighting: Literal["Token", "Sequence"],
    ranks: Ranks,
) -> list[Pack]:
    """Return this rank's packs; every rank gets equally many, because each one is a collective."""
    weights = corpus.weights(data, records, weighting)
    mine = [
        layout.build(data, [records[i] for i in pack], [weights[i] for i in pack], device=ranks.device)
        for pack in assignment[ranks.rank]
    ]
    most = max(len(others) for others in assignment)
    return mine + [layout.empty(device=ranks.device)] * (most - len(mine))


def backward(trainee: Trainee, mine: Sequence[Pack]) -> torch.Tensor:
    """Add this rank's gradients, and return its part of the loss."""
    total = torch.zeros((), dtype=torch.float64, device=mine[0].inputs.device)
    for position, pack in enumerate(mine, start=1):
        trainee.before_pack(last=position == len(mine))
        loss, _ = trainee(pack)
        loss.backward()
        total += loss.detach()
    return total
