"""Computing the study: every number of its page, once."""

from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Literal

from ssd_jobs.scoring.optimism import Cell, best_of
from ssd_jobs.stages.report.document import ArmResult, BestSetting
from ssd_jobs.study import chance, costs, outside, paper, peak, table
from ssd_jobs.study.cells import StudyCell, cells
from ssd_jobs.study.cuts import truncation
from ssd_jobs.study.document import BestOfCells, PeakRow, Study, StudyPoint
from ssd_jobs.study.runs import Run, read

__all__ = ["build"]


def build(directories: Sequence[Path]) -> Study:
    """Compare the reports in these directories."""
    runs = read(directories)
    found = cells(runs)
    first = runs[0]
    points = tuple(_points(found))
    confidences = [run.document.confidence for run in runs]
    return Study(
        format=1,
        benchmark=first.panel.benchmark,
        window=first.panel.window,
        mode=first.panel.mode,
        baseline=first.comparison.baseline,
        problems=first.panel.problems,
        samples=first.panel.samples,
        k=first.panel.k,
        confidence=min(confidences),
        surest=max(confidences),
        rows=tuple(table.rows(found, min(confidences))),
        paper=paper.rows(first),
        recipes=tuple(table.recipes(found, min(confidences))),
        best=_best(found),
        peaks=tuple(_peaks(points, min(confidences))),
        points=points,
        above=tuple(chance.rows(points, first)),
        costs=tuple(costs.of(found, min(confidences))),
        outside=tuple(outside.rows(found)),
        paper_outside=paper.outside(first),
    )


def _points(found: Sequence[StudyCell]) -> Iterator[StudyPoint]:
    """Yield every evaluation of every run; a base that several runs share is told once."""
    known: set[str] = set()
    for cell in found:
        for run in cell.runs:
            select = run.panel.select.arms if run.panel.select else ()
            for point in [*_of(cell, run, "select", select), *_of(cell, run, "report", run.panel.arms)]:
                told = point.model_dump_json(include={"part", "decode", "pass_at", "compared"})
                if point.arm == "Candidate" or told not in known:
                    yield point
                known.add(told)


def _of(
    cell: StudyCell, run: Run, part: Literal["select", "report"], arms: Sequence[ArmResult]
) -> Iterator[StudyPoint]:
    for arm in arms:
        yield StudyPoint(
            cell=cell.name,
            experiment=run.document.experiment,
            arm=arm.arm,
            part=part,
            train=run.train,
            steps=run.spec.get("evaluation", {}).get("candidateStep") or run.spec["training"]["steps"],
            decode=arm.decode,
            compared=run.compared(arm),
            pass_at=arm.pass_at,
        )


def _best(found: Sequence[StudyCell]) -> BestOfCells | None:
    """Choose a cell by what its candidates do on select problems, each at its chosen setting."""
    tried = [(cell, [_chosen(run) for run in cell.runs]) for cell in found]
    if len(found) < 2 or any(each is None or each.report is None for _, several in tried for each in several):
        return None
    best = best_of([_cell(cell.name, [each for each in several if each]) for cell, several in tried])
    select, first = found[0].runs[0].panel.select, tried[0][1][0]
    assert select is not None
    assert first is not None
    return BestOfCells(
        cell=best.cell.name,
        cells=best.cells,
        k=first.k,
        select_problems=select.problems["all"],
        select=best.cell.select,
        report=best.cell.report,
        optimism=best.optimism,
    )


def _cell(name: str, runs: Sequence[BestSetting]) -> Cell:
    """Return what a cell did on either part, in the mean of its runs."""
    report = [each.report.value for each in runs if each.report]
    return Cell(name, sum(each.select for each in runs) / len(runs), sum(report) / len(report))


def _chosen(run: Run) -> BestSetting | None:
    """Return the setting that was chosen for a run's candidate."""
    best = run.panel.select.best if run.panel.select else ()
    return next((each for each in best if each.arm == "Candidate"), None)


def _peaks(points: Sequence[StudyPoint], confidence: float) -> Iterator[PeakRow]:
    """Yield a fit per truncation, of what was tried on select problems; without a choice, of the report problems."""
    part: Literal["select", "report"] = "select" if any(each.part == "select" for each in points) else "report"
    candidates = [each for each in points if each.arm == "Candidate" and each.part == part]
    for name in dict.fromkeys(truncation(each.train, each.decode) for each in candidates):
        own = [each for each in candidates if truncation(each.train, each.decode) == name]
        scores = [100 * each.pass_at[min(each.pass_at)]["all"].value for each in own]
        heats = [each.train.temperature * each.decode.temperature for each in own]
        found = peak.fit(heats, scores, confidence=confidence)
        if found is not None:
            yield PeakRow(truncation=name, part=part, **vars(found))
