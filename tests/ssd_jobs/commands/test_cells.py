"""Cells side by side: the best is chosen on select problems alone, and told with its value on report problems."""

from pathlib import Path
from statistics import fmean
from typing import get_args

import pytest
from hypothesis import given
from hypothesis import strategies as st

from configs.report import CHOSEN, DECODES, KEY, report_config
from populations import arms
from ssd_jobs import artifacts, contract
from ssd_jobs.commands import cells as cells_command
from ssd_jobs.contract import files
from ssd_jobs.contract.cells import CellsConfig, CellsTable, FinishedCell
from ssd_jobs.errors import BadInput
from ssd_jobs.stages.report import build
from ssd_jobs.stages.report.decision import ReportDecision
from ssd_jobs.stages.report.evidence import gather
from workspaces import reported

PROBLEMS = 60
TRACKING = contract.Tracking(uri="", experiment="heat", run_key="x", run_name="x")


def finished(origin: str, replicate: int = 1) -> FinishedCell:
    """Return a cell whose files lie in a folder of its name."""
    name = f"{origin}-r{replicate}"
    selections = {arm: f"{origin}/selections/{arm.lower()}-{replicate}" for arm in get_args(contract.Arm)}
    return FinishedCell(
        name=name, origin=origin, replicate=replicate, selections=selections, report=f"{origin}/reports/{replicate}"
    )


def write(
    root: Path, cell: FinishedCell, *, select: float, gain: float, problems: int = PROBLEMS, gpu_seconds: float = 0.0
) -> None:
    """Write what a cell found: its value on select problems, and a report of a candidate that gains so much."""
    folder = root / cell.origin
    workspace = reported.workspace(folder, gain=gain)
    for arm, path in cell.selections.items():
        values = {name: select if name == CHOSEN[arm] else select - 0.1 for name in DECODES}
        tried = tuple(contract.Tried(name=name, decode=DECODES[name], value=value) for name, value in values.items())
        found = contract.Choice(arm=arm, chosen=CHOSEN[arm], benchmark="lcb-v6", problems=problems, k=1, tried=tried)
        _artifact(root / path, files.SELECTION, found.model_dump_json())
    config = report_config(workspace, TRACKING)
    document = build.build(config, gather(config, workspace), ReportDecision("Skipped", ()), weights="")
    stages = tuple(each.model_copy(update={"gpu_seconds": gpu_seconds}) for each in document.stages)
    document = document.model_copy(update={"stages": stages})
    _artifact(root / cell.report, files.REPORT_DOCUMENT, document.model_dump_json())


def _artifact(path: Path, name: str, text: str) -> None:
    with artifacts.Output(path=path, stage="any", name="any", key=KEY).claim() as draft:
        draft.write_text(name, text)
        draft.finish(artifacts.Provenance(science={}, inputs={}, counts={}, facts={}, image=""))


def cells_config(root: Path, *cells: FinishedCell, baseline: str = "", k: int = 1) -> CellsConfig:
    """Return the comparison of these cells."""
    baselines = {cell.origin: baseline for cell in cells} if baseline else {}
    return CellsConfig(sweep="heat", workspace=str(root), benchmark="lcb-v6", k=k, baselines=baselines, cells=cells)


@pytest.mark.parametrize("gpu_seconds", [0.0, 3600.0])
def test_what_two_cells_share_costs_once(tmp_path: Path, gpu_seconds: float) -> None:
    """An hour of one GPU for each artifact that the two reports tell of, and none on CPUs."""
    cells = [finished("one"), finished("other")]
    for cell in cells:
        write(tmp_path, cell, select=0.5, gain=0.0, gpu_seconds=gpu_seconds)
    alone, both = (cells_command.compare(cells_config(tmp_path, *several)).gpu_hours for several in (cells[:1], cells))
    assert both == alone
    assert (alone > 1) == (gpu_seconds > 0)
    assert alone == int(alone)


def test_the_table_of_two_cells(tmp_path: Path) -> None:
    """The cell with the higher value on select problems is the best, though the other is better on report problems."""
    plain, better = finished("plain"), finished("better")
    write(tmp_path, plain, select=0.6, gain=0.0)
    write(tmp_path, better, select=0.5, gain=0.08)
    config, table = tmp_path / "cells.json", tmp_path / "table.json"
    config.write_text(cells_config(tmp_path, plain, better, baseline="plain").model_dump_json())
    said = cells_command.main([str(config), str(table)])
    found = CellsTable.model_validate_json(table.read_text())
    first, second = found.rows
    assert said == "plain is the best of 2 cells on select problems"
    assert (found.best.origin, found.best.name, found.best.cells, found.best.runs) == ("plain", "plain-r1", 2, 2)
    assert (found.select_problems, found.report_problems) == (PROBLEMS, len(arms.difficulties()))
    assert second.report > first.report
    assert second.over_baseline == pytest.approx(second.report - first.report)
    assert first.over_baseline == 0
    assert first.report_low < first.report < first.report_high
    assert second.difference == pytest.approx(second.report - second.base_report)
    assert (first.settings, first.setting) == (len(DECODES), CHOSEN["Candidate"])
    ahead = (0.6 - 0.55) - (first.report - fmean((first.report, second.report)))
    assert found.best.optimism == pytest.approx(ahead)


def test_cells_that_were_chosen_on_different_problems_are_not_compared(tmp_path: Path) -> None:
    """One sentence says what to do."""
    one, other = finished("one"), finished("other")
    write(tmp_path, one, select=0.6, gain=0.0)
    write(tmp_path, other, select=0.5, gain=0.0, problems=PROBLEMS + 1)
    with pytest.raises(BadInput, match=r"^heat: its cells were selected on different problems; run it again as one"):
        cells_command.compare(cells_config(tmp_path, one, other))
    with pytest.raises(BadInput, match=r"^one-r1: chose its settings by another metric than pass@5"):
        cells_command.compare(cells_config(tmp_path, one, k=5))


@given(st.data())
def test_no_choice_follows_from_report_problems(data: st.DataObject) -> None:
    """Whatever is swapped on report problems: the same cell and the same replicate are the best."""
    replicates = data.draw(st.integers(1, 3))
    cells = [finished(origin, each) for origin in "abcde" for each in range(1, replicates + 1)]
    names = [each.name for each in cells]
    shares = st.lists(st.integers(0, 20).map(lambda each: each / 20), min_size=len(names), max_size=len(names))
    select, report = (dict(zip(names, data.draw(shares), strict=True)) for _ in range(2))
    swapped = dict(zip(names, data.draw(st.permutations(list(report.values()))), strict=True))
    one, other = (cells_command.best(cells, select, each) for each in (report, swapped))
    assert (one.origin, one.name, one.select) == (other.origin, other.name, other.select)
    assert one.select == max(
        fmean(select[f"{origin}-r{each}"] for each in range(1, replicates + 1)) for origin in "abcde"
    )
    assert select[one.name] == max(select[f"{one.origin}-r{r}"] for r in range(1, replicates + 1))
