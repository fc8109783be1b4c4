"""What a cell cost by what its reports say of their stages, and how much of that one point of pass@1 took."""

from collections.abc import Iterator, Sequence

from ssd_jobs.stages.report.document import Number, StageResult
from ssd_jobs.study import table
from ssd_jobs.study.cells import StudyCell
from ssd_jobs.study.document import CellCost

__all__ = ["of"]

MAKING = {"sample": "sampling", "curate": "training", "train": "training"}
EVALUATING = ("generate", "grade", "select")
HOUR = 3600


def of(found: Sequence[StudyCell], confidence: float) -> Iterator[CellCost]:
    """Yield the costs of the cells, in the mean of their runs."""
    gains = {row.label: row.gain for row in table.rows(found, confidence) if row.arm == "Candidate"}
    for cell in found:
        stages = [each for run in cell.runs for each in run.document.stages]
        if stages:
            gain = gains[cell.name]
            yield _cost(cell, stages, gain[min(gain)]["all"])


def _cost(cell: StudyCell, stages: Sequence[StageResult], gain: Number) -> CellCost:
    """Return the cost of a cell's runs, each with stages of its own or shared ones."""
    on_gpus = any(each.gpu_seconds for each in stages if each.kind == "train")
    hours = dict.fromkeys(("sampling", "training", "evaluating"), 0.0)
    for each in stages:
        name = MAKING.get(each.kind, "evaluating" if each.kind in EVALUATING else "")
        if name:
            seconds = each.gpu_seconds if on_gpus else each.seconds
            hours[name] += seconds / HOUR / len(cell.runs)
    made = hours["sampling"] + hours["training"]
    return CellCost(
        cell=cell.name,
        unit="GPU hours" if on_gpus else "process hours",
        **hours,
        tokens=sum(each.tokens for each in stages if each.kind == "sample") // len(cell.runs),
        gain=gain,
        per_point=_per_point(made, gain.value),
        per_point_low=_per_point(made, gain.high),
        per_point_high=_per_point(made, gain.low),
    )


def _per_point(hours: float, gain: float) -> float | None:
    return hours / (100 * gain) if gain > 0 else None
