"""The rounds of a cell on this machine: what the next one starts from, and why there is no next one."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal

from ssd_jobs import contract
from ssd_operator.local.state import RunState
from ssd_operator.plan import Graph
from ssd_operator.spec.cells import Cell
from ssd_operator.spec.rounds import RoundStart, end_of_chain
from ssd_operator.spec.sweep import SweepFields

__all__ = ["CellPhase", "CellRun", "opened"]

CellPhase = Literal["Pending", "Succeeded", "Failed", "Skipped"]


@dataclass(frozen=True)
class CellRun:
    """One cell as it stands on this machine."""

    cell: Cell
    state: RunState
    """What has succeeded and still counts."""
    graph: Graph
    message: str
    """Why it failed, the last time that it was run, or why it is not begun; empty where neither is so."""
    waits: bool = False
    """The round before has not ended: no key of the graph is final."""

    @property
    def phase(self) -> CellPhase:
        """Where it stands, in a word."""
        if self.waits:
            return "Skipped" if self.message else "Pending"
        if all(self.state.succeeded(node) for node in self.graph if not node.row.optional):
            return "Succeeded"
        return "Failed" if self.message else "Pending"


def opened(cell: Cell, known: Mapping[str, CellRun], fields: SweepFields) -> tuple[Cell, bool, str]:
    """Return a cell with what it starts from, whether that is not known yet, and why it never will be."""
    if not cell.after:
        return cell, False, ""
    parent, first = known[cell.after], known[cell.first]
    ended = _ended(parent, fields)
    if ended or parent.phase != "Succeeded":
        return cell.started(_unknown(cell)), True, ended
    return cell.started(_start(parent, first)), False, ""


def _ended(parent: CellRun, fields: SweepFields) -> str:
    """Return why no round follows this one; empty where one does, or may."""
    if fields.rounds is None:
        return ""
    scores = {"select": "", "before": ""}
    if parent.phase == "Succeeded":
        scores = _on_select(parent, fields.select.benchmark)
    return end_of_chain(fields.rounds, parent.cell.round, phase=parent.phase, message=parent.message, **scores)


def _start(parent: CellRun, first: CellRun) -> RoundStart:
    """Return what a round starts from: the export of the one before, by its digest."""
    [trained] = parent.graph.of(contract.TrainConfig)
    [report] = first.graph.of(contract.ReportConfig)
    prepared = first.state.result_of(contract.PrepareResult)
    assert prepared is not None
    return RoundStart(
        export=trained.artifacts[0].path,
        digest=str((parent.state.stages[trained.name].result or {})["digest"]),
        root_digest=prepared.digests["model"],
        root_report=report.artifacts[0].path,
    )


def _unknown(cell: Cell) -> RoundStart:
    """Return what stands in a plan for a model that is not trained yet: another one for every round."""
    digest = hashlib.sha256(cell.after.encode()).hexdigest()
    return RoundStart(f"checkpoints/{digest[:16]}", digest, digest, f"reports/{digest[:16]}")


def _on_select(parent: CellRun, benchmark: str) -> dict[str, str]:
    """Return what candidate and base of a round scored on select problems."""
    found = {"select": "", "before": ""}
    for node in parent.graph.of(contract.SelectConfig):
        config = node.config
        if isinstance(config, contract.SelectConfig) and config.benchmark == benchmark:
            value = (parent.state.stages[node.name].result or {}).get("value", "")
            found["select" if config.arm == "Candidate" else "before"] = str(value)
    return found
