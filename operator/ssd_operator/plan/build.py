"""From a resolved spec to the graph of stages: pure, the same for both runners.

Each kind of stage is planned in the module of its name, in the order of the table; it sees the stages before it.
"""

from collections.abc import Iterator
from importlib import import_module
from typing import Protocol, cast

from ssd_jobs import contract
from ssd_operator.plan.graph import Experiment, Graph, Node, Platform, Surroundings
from ssd_operator.plan.parts import Parts, parts_of
from ssd_operator.spec.resolved import ResolvedSpec

__all__ = ["build"]


class PlanModule(Protocol):
    """What the module of a kind of stage offers."""

    def nodes(self, experiment: Experiment, parts: Parts, before: Graph) -> Iterator[Node]:
        """Yield the stages of this kind, given those before it; none where the spec asks for none."""


MODULES = [cast("PlanModule", import_module(f"ssd_operator.plan.{kind}")) for kind in contract.STAGES]


def build(spec: ResolvedSpec, around: Surroundings, platform: Platform) -> Graph:
    """Return every stage with its complete config and its key."""
    experiment = Experiment(spec, around, platform)
    parts = parts_of(experiment)
    graph = Graph(())
    for module in MODULES:
        for node in module.nodes(experiment, parts, graph):
            graph = graph.extended(node)
    return graph
