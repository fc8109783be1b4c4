"""The table of a study, like the paper's table 2: every base and every cell by difficulty, with what was gained."""

from collections.abc import Iterator, Sequence

import numpy as np

from ssd_jobs.scoring import recipe
from ssd_jobs.scoring.recipe import Counts, GainEstimate, MeasuredRecipe
from ssd_jobs.stages.report.document import Number, Strata
from ssd_jobs.study.cells import StudyCell
from ssd_jobs.study.document import RecipeGain, StudyRow

__all__ = ["recipes", "rows"]


def rows(found: Sequence[StudyCell], confidence: float) -> Iterator[StudyRow]:
    """Yield each base that was measured, followed by the cells that are compared with it."""
    bases: dict[bytes, list[StudyCell]] = {}
    for cell in found:
        bases.setdefault(cell.runs[0].counts.base.tobytes(), []).append(cell)
    for number, cells in enumerate(bases.values(), start=1):
        label = "base" if len(bases) == 1 else f"base {number}"
        yield StudyRow(label=label, arm="Base", runs=1, pass_at=cells[0].runs[0].comparison.base, gain={})
        yield from (_candidate(each, confidence) for each in cells)


def recipes(found: Sequence[StudyCell], confidence: float) -> Iterator[RecipeGain]:
    """Yield what the replicates of a cell say of its recipe."""
    for cell in found:
        if len(cell.runs) > 1:
            measured = _recipe(cell, 1, "all", cell.runs[0].counts.base, confidence=confidence)
            parts = measured.parts
            yield RecipeGain(
                cell=cell.name,
                replicates=len(cell.runs),
                models=tuple(map(_number, measured.models)),
                recipe=_number(measured.recipe),
                shares={name: value / parts.total if parts.total else 0.0 for name, value in vars(parts).items()},
                training_sd=measured.training_sd,
                detectable=measured.detectable,
            )


def _candidate(cell: StudyCell, confidence: float) -> StudyRow:
    """Return a cell's row: a run's own numbers, or those of its recipe."""
    first = cell.runs[0]
    if len(cell.runs) == 1:
        [levels] = (arm.pass_at for arm in first.panel.arms if arm.arm == "Candidate" and first.compared(arm))
        return StudyRow(label=cell.name, arm="Candidate", runs=1, pass_at=levels, gain=first.comparison.delta)
    return StudyRow(
        label=cell.name,
        arm="Candidate",
        runs=len(cell.runs),
        pass_at=_strata(cell, np.zeros_like(first.counts.base), least=0.0, confidence=confidence),
        gain=_strata(cell, first.counts.base, least=-1.0, confidence=confidence),
    )


def _strata(cell: StudyCell, base: Counts, *, least: float, confidence: float) -> dict[int, Strata]:
    """Return the recipe's pass@k minus that of some counts, by k and difficulty of which there are two problems."""
    panel = cell.runs[0].panel
    return {
        k: {
            name: _number(_recipe(cell, k, name, base, confidence=confidence).recipe, least=least)
            for name, problems in panel.problems.items()
            if problems > 1
        }
        for k in panel.k
    }


def _recipe(cell: StudyCell, k: int, stratum: str, base: Counts, *, confidence: float) -> MeasuredRecipe:
    """Measure the replicates on the problems of one difficulty."""
    first = cell.runs[0]
    inside = np.array([stratum in ("all", name) for name in first.counts.difficulty])
    return recipe.measure(
        base[inside],
        [run.counts.candidate[inside] for run in cell.runs],
        samples=first.counts.samples,
        k=k,
        confidence=confidence,
    )


def _number(found: GainEstimate, *, least: float = -1.0) -> Number:
    return Number(value=found.value, low=max(least, found.low), high=min(1.0, found.high), p=None)
