"""Which artifacts a run names, and how many of them stay when it is over."""

from __future__ import annotations

from ssd_operator.plan.graph import Graph
from ssd_operator.spec import scalars
from ssd_operator.spec.storage import Storage

__all__ = ["keeps_results_alone", "paths"]


def paths(graph: Graph) -> set[str]:
    """Return the directories of all that a run makes or finds, of every decode setting."""
    return {artifact.path for node in graph for artifact in node.artifacts}


def keeps_results_alone(storage: Storage, *, over_for_s: float | None) -> bool:
    """Tell whether a run that is over for so long, None while it is not, keeps its results alone."""
    if over_for_s is None or storage.keep == "all":
        return False
    return storage.keep == "results" or over_for_s >= scalars.seconds(storage.keep)
