"""Where the report of a finished run is."""

from pathlib import Path

from ssd_jobs import contract
from ssd_operator.local.state import RunState
from ssd_operator.plan import Graph

__all__ = ["finished"]


def finished(state: RunState, graph: Graph, workspace: Path) -> Path | None:
    """Return the directory of the report, None before there is one."""
    if state.result_of(contract.ReportResult) is None:
        return None
    [node] = graph.of(contract.ReportConfig)
    return workspace / node.artifacts[0].path
