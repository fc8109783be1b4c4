"""The table of a sweep on this machine: a program of the workers reads what the cells found, and chooses the best."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Sequence

from ssd_jobs import contract
from ssd_jobs.contract.cells import CellsConfig, CellsTable, FinishedCell
from ssd_operator.errors import InvalidInput
from ssd_operator.local.chain import CellRun
from ssd_operator.local.workdir import Workdir
from ssd_operator.spec.sweep import SweepFields

__all__ = ["compared"]

_PROGRAM = "ssd_jobs.commands.cells"


def compared(cells: Sequence[CellRun], fields: SweepFields, workdir: Workdir, *, name: str) -> CellsTable | None:
    """Return the table of the cells that have succeeded, None when none has."""
    finished = tuple(_finished(each, fields.select.benchmark) for each in cells if each.phase == "Succeeded")
    if not finished:
        return None
    config = CellsConfig(
        sweep=name,
        workspace=str(workdir.root),
        benchmark=fields.select.benchmark,
        k=int(fields.select.metric.removeprefix("pass@")),
        baseline=fields.baseline.cell if fields.baseline is not None else "",
        cells=finished,
    )
    asked, answer = workdir.private / "cells.json", workdir.private / "table.json"
    asked.write_text(config.model_dump_json(indent=1) + "\n", encoding="utf-8")
    command = [sys.executable, "-m", _PROGRAM, str(asked), str(answer)]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    if done.returncode:
        raise InvalidInput(done.stderr.strip().rpartition("\n")[2] or f"{_PROGRAM} ended with {done.returncode}")
    return CellsTable.model_validate_json(answer.read_text(encoding="utf-8"))


def _finished(run: CellRun, benchmark: str) -> FinishedCell:
    """Return where a cell's choices and its report lie."""
    choices = (node.config for node in run.graph.of(contract.SelectConfig))
    [report] = run.graph.of(contract.ReportConfig)
    return FinishedCell(
        name=run.cell.name,
        origin=run.cell.origin,
        replicate=run.cell.replicate,
        selections={
            each.arm: each.output
            for each in choices
            if isinstance(each, contract.SelectConfig) and each.benchmark == benchmark
        },
        report=report.artifacts[0].path,
    )
