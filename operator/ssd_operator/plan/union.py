"""The graphs of several experiments as one: a stage that more than one of them has is there once."""

from collections.abc import Iterable, Iterator

from ssd_operator.plan.graph import Graph, Node

__all__ = ["stages_once", "stages_to_come"]


def stages_once(graphs: Iterable[Graph]) -> Iterator[Node]:
    """Yield every stage of some graphs, in an order in which they could run; of equal recipes the first one."""
    seen: set[tuple[str, str]] = set()
    for node in (each for graph in graphs for each in graph):
        recipe = (node.kind, node.key)
        if recipe not in seen:
            seen.add(recipe)
            yield node


def stages_to_come(graphs: Iterable[tuple[Graph, bool]]) -> list[Node]:
    """Return the stages that will run, with those of graphs which wait for another's export: (graph, whether it waits).

    What such a graph starts from is in no key of it yet, so it shares nothing.
    """
    known = list(graphs)
    shared = stages_once(graph for graph, waits in known if not waits)
    return [*shared, *(node for graph, waits in known if waits for node in graph)]
