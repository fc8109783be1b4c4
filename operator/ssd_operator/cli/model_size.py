"""How many parameters a token goes through: by config.json where it is here, else by the model's name."""

from pathlib import Path

from ssd_jobs import contract
from ssd_jobs.contract.model_shape import shape_of
from ssd_operator.local import suitability
from ssd_operator.plan import Graph
from ssd_operator.plan.gpu_hours import named_parameters

__all__ = ["active_parameters"]


def active_parameters(graph: Graph, workspace: Path) -> float | None:
    """Return the number, None where neither tells it."""
    for node in graph.of(contract.PrepareConfig):
        assert isinstance(node.config, contract.PrepareConfig)
        settings = suitability.known(node.config, workspace)
        shape = shape_of(settings) if settings else None
        if shape is not None:
            idle = shape.sparse_layers * (shape.experts - shape.active) * 3 * shape.hidden * shape.expert_inner
            return float(shape.parameters - idle)
    return named_parameters(graph)
