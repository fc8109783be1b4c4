"""The tables of a sweep on this machine: programs of the workers read what the cells found, and choose the best."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Iterator, Sequence

from ssd_jobs import contract
from ssd_jobs.contract import files
from ssd_jobs.contract.base import Model
from ssd_jobs.contract.cells import CellsConfig, CellsTable, DriftConfig, DriftFound, FinishedCell, RoundModel
from ssd_operator.errors import InvalidInput
from ssd_operator.local.chain import CellRun
from ssd_operator.local.workdir import Workdir
from ssd_operator.spec.sweep import SweepFields

__all__ = ["compared", "drifted"]

_TEXTS = 64
"""On which the rounds of a chain are compared with their root."""


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
        baselines=_baselines(cells, fields.baseline.cell) if fields.baseline is not None else {},
        cells=finished,
    )
    return CellsTable.model_validate_json(_answer("cells", config, workdir))


def drifted(cells: Sequence[CellRun], fields: SweepFields, workdir: Workdir) -> Iterator[DriftFound]:
    """Yield for each chain of rounds how far those that have succeeded are from its root."""
    for first in (each for each in cells if each.cell.round == 1 and each.phase == "Succeeded"):
        chain = [each for each in cells if first.cell.name in (each.cell.name, each.cell.first)]
        config = DriftConfig(
            workspace=str(workdir.root),
            root=_prepared(first).model.output,
            rounds=tuple(_exported(each) for each in chain if each.phase == "Succeeded"),
            generations=_root_generations(first, fields.select.benchmark),
            texts=_TEXTS,
            trust_remote_code=first.cell.resolved().model.trust_remote_code,
        )
        yield DriftFound.model_validate_json(_answer("drift", config, workdir))


def _baselines(cells: Sequence[CellRun], given: str) -> dict[str, str]:
    """Return the origin of each cell -> that of the baseline, which is compared at the same step of its training."""
    at_step = {each.cell.step: each.cell.origin for each in cells if each.cell.given == given}
    return {each.cell.origin: at_step[each.cell.step] for each in cells}


def _answer(program: str, config: Model, workdir: Workdir) -> str:
    """Return what a program of the workers answers to a config."""
    asked, answer = workdir.private / f"{program}.json", workdir.private / f"{program}-answer.json"
    asked.write_text(config.model_dump_json(indent=1) + "\n", encoding="utf-8")
    command = [sys.executable, "-m", f"ssd_jobs.commands.{program}", str(asked), str(answer)]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    if done.returncode:
        raise InvalidInput(done.stderr.strip().rpartition("\n")[2] or f"{program} ended with {done.returncode}")
    return answer.read_text(encoding="utf-8")


def _prepared(run: CellRun) -> contract.PrepareConfig:
    [node] = run.graph.of(contract.PrepareConfig)
    assert isinstance(node.config, contract.PrepareConfig)
    return node.config


def _exported(run: CellRun) -> RoundModel:
    [trained] = run.graph.of(contract.TrainConfig)
    return RoundModel(name=run.cell.name, model=files.export(trained.artifacts[0].path))


def _root_generations(first: CellRun, benchmark: str) -> str:
    """Return what the root wrote for report problems at its fixed setting."""
    [found] = (
        node.config.settings[0].output
        for node in first.graph.of(contract.GenerateConfig)
        if isinstance(node.config, contract.GenerateConfig)
        and (node.config.arm, node.config.benchmark, node.config.purpose) == ("Base", benchmark, "Report")
        and node.config.selection is None
    )
    return found


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
