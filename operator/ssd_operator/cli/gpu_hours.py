"""How many GPU-hours some tokens can take: arithmetic of the model's size, for whoever must ask for a budget.

A token costs 6 operations per parameter in training and 2 in sampling. How many of them an H100 does in a second is a
round number, in training what was measured once (docs/benchmarks.md), in sampling, which waits for memory, a fifth of
that. Of a model with experts those parameters count that a token goes through.
"""

import re
from pathlib import Path

from ssd_jobs import contract
from ssd_jobs.contract.model_shape import shape_of
from ssd_operator.local import suitability
from ssd_operator.plan import Graph

__all__ = ["active_parameters", "hours"]

TRAINED, SAMPLED = (6, 2e14), (2, 4e13)
"""Operations per parameter and token, and how many a GPU does in a second."""
NAMED = re.compile(r"(?:^|[-_/])a?(\d+(?:\.\d+)?)b(?=$|[-_])", re.IGNORECASE)
"""A size in a model's name, such as 4B, or A3B for what a token goes through."""


def hours(tokens: int, parameters: float, *, trained: bool) -> float:
    """Return the GPU-hours of so many tokens."""
    operations, rate = TRAINED if trained else SAMPLED
    return operations * parameters * tokens / rate / 3600


def active_parameters(graph: Graph, workspace: Path) -> float | None:
    """Return how many parameters a token goes through: by config.json where it is here, else by the model's name."""
    for node in graph.of(contract.PrepareConfig):
        assert isinstance(node.config, contract.PrepareConfig)
        settings = suitability.known(node.config, workspace)
        shape = shape_of(settings) if settings else None
        if shape is not None:
            idle = shape.sparse_layers * (shape.experts - shape.active) * 3 * shape.hidden * shape.expert_inner
            return float(shape.parameters - idle)
        source = node.config.model.science.source
        named = NAMED.findall(source.repo) if isinstance(source, contract.HuggingFaceModel) else []
        if named:
            return float(named[-1]) * 1e9
    return None
