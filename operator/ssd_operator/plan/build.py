"""From a resolved spec to the graph of stages: pure, the same for both runners.

Each kind of stage is planned in the module of its name, in the order of the table; it sees the stages before it. A kind
that reads what a later one writes (generate and grade read what select chose) is planned again after that one.
"""

from collections.abc import Iterator
from dataclasses import replace
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


def _order() -> Iterator[str]:
    """Yield the kinds of stages in the order in which they are planned."""
    rows = tuple(contract.STAGES.values())
    for place, row in enumerate(rows):
        yield row.kind
        yield from (earlier.kind for earlier in rows[:place] if earlier.may_read.intersection(row.writes))


MODULES = [cast("PlanModule", import_module(f"ssd_operator.plan.{kind}")) for kind in _order()]


def build(spec: ResolvedSpec, around: Surroundings, platform: Platform) -> Graph:
    """Return every stage with its complete config and its key."""
    experiment = Experiment(spec, around, platform)
    parts = parts_of(experiment)
    graph = Graph(())
    for module in MODULES:
        for node in module.nodes(experiment, parts, graph):
            graph = graph if node.name in graph else graph.extended(_after_makers(node, graph))
    return graph


def _after_makers(node: Node, graph: Graph) -> Node:
    """Return the stage, waiting also for those that may make the same artifact: one directory has one writer."""
    mine = {artifact.key for artifact in node.artifacts}
    makers = [each.name for each in graph if mine.intersection(artifact.key for artifact in each.artifacts)]
    return replace(node, upstream=tuple(dict.fromkeys((*node.upstream, *makers))))
