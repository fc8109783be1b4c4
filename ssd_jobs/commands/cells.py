"""Compare the cells of a sweep and choose the best: `python -m ssd_jobs.commands.cells CONFIG TABLE`.

CONFIG says where the cells' selections and reports lie, TABLE is written. The best is chosen on select problems by the
mean of each cell's replicates, before any report is opened; its value on report problems is told beside it.
"""

import argparse
import sys
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from statistics import fmean

from pydantic import ValidationError

from ssd_jobs import artifacts
from ssd_jobs.artifacts import selections
from ssd_jobs.commands.program import main_of
from ssd_jobs.contract import Arm, Choice, files
from ssd_jobs.contract.cells import CellRow, CellsConfig, CellsTable, FinishedCell, RoundPoint, SelectedCell
from ssd_jobs.errors import BadInput
from ssd_jobs.scoring import optimism
from ssd_jobs.stages.report.document import ArmResult, BenchmarkSection, Document, RoundSection

__all__ = ["best", "compare", "main"]

Values = Mapping[str, float]
"""Cell, by the name of its resource -> pass@k."""


def main(arguments: list[str]) -> str:
    """Write the table and say which cell is the best."""
    parser = argparse.ArgumentParser(prog="python -m ssd_jobs.commands.cells", description=__doc__)
    parser.add_argument("config", type=Path, help="which cells to compare")
    parser.add_argument("table", type=Path, help="the file to write")
    given = parser.parse_args(arguments)
    config = CellsConfig.model_validate_json(given.config.read_text(encoding="utf-8"))
    found = compare(config)
    given.table.write_text(found.model_dump_json(indent=1) + "\n", encoding="utf-8")
    return f"{found.best.origin} is the best of {found.best.cells} cells on select problems"


def compare(config: CellsConfig) -> CellsTable:
    """Return the table of these cells."""
    workspace = Path(config.workspace)
    chosen = {cell.name: _choices(cell, workspace, config) for cell in config.cells}
    problems = {(choice.benchmark, choice.problems) for choices in chosen.values() for choice in choices.values()}
    if len(problems) > 1:
        raise BadInput(f"{config.sweep}: its cells were selected on different problems; run it again as one sweep")
    documents = {cell.name: _document(cell, workspace) for cell in config.cells}
    sections = {cell.name: _section(cell, documents[cell.name], config) for cell in config.cells}
    select = {name: _value(choices["Candidate"]) for name, choices in chosen.items()}
    report = {name: _candidate(section).pass_at[config.k]["all"].value for name, section in sections.items()}
    over = _over_baseline(config, report)
    [(select_benchmark, select_problems)] = problems
    return CellsTable(
        benchmark=config.benchmark,
        select_benchmark=select_benchmark,
        k=config.k,
        select_problems=select_problems,
        report_problems=sections[config.cells[0].name].problems["all"],
        gpu_hours=_gpu_hours(documents.values()),
        rows=tuple(
            _row(
                cell,
                chosen[cell.name],
                sections[cell.name],
                documents[cell.name].round,
                k=config.k,
                over_baseline=over.get(cell.origin),
            )
            for cell in config.cells
        ),
        best=best(config.cells, select, report),
    )


def best(cells: Sequence[FinishedCell], select: Values, report: Values) -> SelectedCell:
    """Return the best cell, chosen by `select` alone."""
    replicates = _replicates(cells)
    found = optimism.best_of(
        [
            optimism.Cell(origin, fmean(select[name] for name in names), fmean(report[name] for name in names))
            for origin, names in replicates.items()
        ]
    )
    return SelectedCell(
        origin=found.cell.name,
        name=min(replicates[found.cell.name], key=lambda name: -select[name]),
        cells=found.cells,
        runs=len(cells),
        select=found.cell.select,
        report=found.cell.report,
        optimism=found.optimism,
    )


def _replicates(cells: Sequence[FinishedCell]) -> dict[str, list[str]]:
    """Return origin -> the names of its replicates."""
    found: dict[str, list[str]] = {}
    for cell in cells:
        found.setdefault(cell.origin, []).append(cell.name)
    return found


def _over_baseline(config: CellsConfig, report: Values) -> dict[str, float]:
    """Return origin -> by how much it is better than the baseline on report problems; empty without a baseline."""
    means = {origin: fmean(report[name] for name in names) for origin, names in _replicates(config.cells).items()}
    pairs = ((origin, config.baselines.get(origin)) for origin in means)
    return {origin: means[origin] - means[baseline] for origin, baseline in pairs if baseline in means}


def _gpu_hours(documents: Iterable[Document]) -> float:
    """Return what the stages took whose artifacts these reports tell of, each artifact counted once."""
    seconds = {each.path: each.gpu_seconds for document in documents for each in document.stages}
    return sum(seconds.values()) / 3600


def _choices(cell: FinishedCell, workspace: Path, config: CellsConfig) -> dict[Arm, Choice]:
    """Return how the setting of each arm was chosen."""
    found = {arm: selections.read(artifacts.open_artifact(workspace / path)) for arm, path in cell.selections.items()}
    if any(choice.k != config.k for choice in found.values()):
        raise BadInput(f"{cell.name}: chose its settings by another metric than pass@{config.k}; run the sweep again")
    return found


def _value(choice: Choice) -> float:
    """Return what the chosen setting scored on select problems."""
    return next(each.value for each in choice.tried if each.name == choice.chosen)


def _document(cell: FinishedCell, workspace: Path) -> Document:
    """Return a cell's report."""
    artifact = artifacts.open_artifact(workspace / cell.report)
    artifact.verify([files.REPORT_DOCUMENT])
    file = artifact.path / files.REPORT_DOCUMENT
    try:
        return Document.model_validate_json(file.read_text(encoding="utf-8"))
    except ValidationError:
        raise BadInput(
            f"{file}: is no report of this version; remove {artifact.path} and run the sweep again"
        ) from None


def _section(cell: FinishedCell, document: Document, config: CellsConfig) -> BenchmarkSection:
    """Return what a cell's report says of the benchmark, under the grading mode that decides."""
    found = [each for each in document.panels if each.benchmark == config.benchmark and each.decides]
    if not found or not any(comparison.baseline == "BestDecode" for comparison in found[0].comparisons):
        raise BadInput(
            f"{cell.name}: its report has no {config.benchmark} with both arms at chosen settings; run it again"
        )
    return found[0]


def _candidate(section: BenchmarkSection) -> ArmResult:
    """Return the candidate at its chosen setting."""
    return next(arm for arm in section.arms if arm.chosen and arm.arm == "Candidate")


def _row(
    cell: FinishedCell,
    chosen: Mapping[Arm, Choice],
    section: BenchmarkSection,
    round_of: RoundSection | None,
    *,
    k: int,
    over_baseline: float | None,
) -> CellRow:
    """Return what one cell found."""
    candidate = _candidate(section).pass_at[k]["all"]
    [compared] = (each for each in section.comparisons if each.baseline == "BestDecode")
    difference = compared.delta[k]["all"]
    against = [each for each in round_of.against_root if each.benchmark == section.benchmark] if round_of else []
    over_root = against[0].delta[k] if against else None
    return CellRow(
        name=cell.name,
        origin=cell.origin,
        replicate=cell.replicate,
        setting=chosen["Candidate"].chosen,
        settings=len(chosen["Candidate"].tried),
        select=_value(chosen["Candidate"]),
        base_select=_value(chosen["Base"]),
        report=candidate.value,
        report_low=candidate.low,
        report_high=candidate.high,
        base_report=compared.base[k]["all"].value,
        difference=difference.value,
        difference_low=difference.low,
        difference_high=difference.high,
        over_baseline=over_baseline,
        curve=None if round_of is None else _curve(round_of, _candidate(section)),
        over_root=None if over_root is None else over_root.value,
        over_root_low=None if over_root is None else over_root.low,
        over_root_high=None if over_root is None else over_root.high,
    )


def _curve(round_of: RoundSection, candidate: ArmResult) -> RoundPoint:
    """Return what is followed over the rounds of a chain."""
    return RoundPoint(
        round=round_of.number,
        pass_at={k: strata["all"].value for k, strata in candidate.pass_at.items()},
        variety=candidate.variety,
        tokens=candidate.completion_tokens / candidate.generations if candidate.generations else 0.0,
        truncated=candidate.truncated,
    )


if __name__ == "__main__":
    sys.exit(main_of(main))
