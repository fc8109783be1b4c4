"""The finished runs of a study, read from their reports; all must be judged on the same problems in the same way."""

import json
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from ssd_jobs.contract import Decode, files
from ssd_jobs.errors import BadInput
from ssd_jobs.stages.report import reading
from ssd_jobs.stages.report.document import ArmResult, BenchmarkSection, Comparison, Document
from ssd_jobs.stages.report.reading import ComparedCounts

__all__ = ["Run", "read"]


@dataclass(frozen=True)
class Run:
    """One finished run: its report, and the spec that it was made from."""

    directory: Path
    document: Document
    spec: dict[str, Any]
    panel: BenchmarkSection
    """The benchmark that decides."""
    comparison: Comparison
    """The arms as they are compared on it."""
    counts: ComparedCounts

    @property
    def train(self) -> Decode:
        """Return how the training samples were decoded."""
        sampling = self.spec["sampling"]
        return Decode(temperature=sampling["temperature"], top_k=sampling["topK"], top_p=sampling["topP"])

    def compared(self, arm: ArmResult) -> bool:
        """Tell whether an arm is compared at this setting of it."""
        return arm.chosen if self.comparison.baseline == "BestDecode" else arm.fixed


def read(directories: Sequence[Path]) -> list[Run]:
    """Read the reports in these directories, in this order."""
    if len(set(directories)) < len(directories):
        twice = next(each for each in directories if directories.count(each) > 1)
        raise BadInput(f"{twice}: is named twice; name every report once")
    runs = [_read(each) for each in directories]
    for run in runs[1:]:
        _compare(runs[0], run)
    return runs


def _read(directory: Path) -> Run:
    document = reading.document(directory / files.REPORT_DOCUMENT)
    counts = reading.compared_counts(document)
    first = document.first()
    assert first is not None
    try:
        spec = json.loads((directory / files.REPORT_SPEC).read_bytes())
    except (OSError, ValueError):
        raise BadInput(f"{directory / files.REPORT_SPEC}: cannot be read; name a whole report") from None
    return Run(directory, document, spec, *first, counts)


def _compare(first: Run, other: Run) -> None:
    """Refuse runs whose numbers say nothing of each other."""
    for what, of in (
        ("on another benchmark", lambda run: (run.panel.benchmark, run.panel.window)),
        ("under another grading mode", lambda run: run.panel.mode),
        ("on other problems", lambda run: run.counts.problems),
        ("with another number of samples", lambda run: run.panel.samples),
        ("at settings that were chosen otherwise", lambda run: run.comparison.baseline),
    ):
        if of(first) != of(other):
            raise BadInput(f"{other.directory}: was judged {what} than {first.directory}; compare runs of one study")
