"""The other benchmarks of a study, which decide nothing: the paper's table 5 is what such a table is for."""

from collections.abc import Iterator, Sequence

from ssd_jobs.stages.report.document import BenchmarkSection, Comparison, Number
from ssd_jobs.study.cells import StudyCell
from ssd_jobs.study.document import OutsideRow
from ssd_jobs.study.runs import Run

__all__ = ["rows"]


def rows(found: Sequence[StudyCell]) -> Iterator[OutsideRow]:
    """Yield the base and each cell's first run on every benchmark that does not decide; nothing without one."""
    first = found[0].runs[0]
    names = [panel.benchmark for panel, _ in _others(first)]
    if not names:
        return
    yield OutsideRow(label="base", arm="Base", pass_at_1=_levels(first, "Base"), gain={})
    for cell in found:
        run = cell.runs[0]
        gain = {panel.benchmark: comparison.delta[min(comparison.delta)]["all"] for panel, comparison in _others(run)}
        yield OutsideRow(label=cell.name, arm="Candidate", pass_at_1=_levels(run, "Candidate"), gain=gain)


def _others(run: Run) -> Iterator[tuple[BenchmarkSection, Comparison]]:
    """Yield the other benchmarks, with the comparison at fixed settings."""
    for panel in run.document.panels:
        if panel.benchmark == run.panel.benchmark or panel.mode != run.panel.mode:
            continue
        for comparison in panel.comparisons:
            if comparison.baseline == "Fixed":
                yield panel, comparison


def _levels(run: Run, arm: str) -> dict[str, Number]:
    """Return pass@k of an arm at its fixed setting, by benchmark."""
    return {
        panel.benchmark: each.pass_at[min(each.pass_at)]["all"]
        for panel, _ in _others(run)
        for each in panel.arms
        if each.arm == arm and each.fixed
    }
