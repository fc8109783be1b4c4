"""A finished report read again: what later comparisons need of it, problem by problem."""

from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from pydantic import ValidationError

from ssd_jobs.errors import BadInput
from ssd_jobs.stages.report.document import BenchmarkSection, Document

__all__ = ["ComparedCounts", "compared_counts", "document"]


@dataclass(frozen=True)
class ComparedCounts:
    """The right samples of both arms as they were compared, in the order of problems."""

    benchmark: str
    problems: tuple[str, ...]
    difficulty: tuple[str, ...]
    base: NDArray[np.int64]
    candidate: NDArray[np.int64]
    samples: int


def document(path: Path) -> Document:
    """Read a report, or say why it is none."""
    try:
        return Document.model_validate_json(path.read_bytes())
    except OSError as error:
        raise BadInput(f"{path}: cannot be read ({error.strerror}); name the report.json of a finished run") from None
    except ValidationError as error:
        wrong = ".".join(map(str, error.errors()[0]["loc"])) or "the file"
        raise BadInput(f"{path}: is no report that this release reads ({wrong}); make it again with: ssd run") from None


def compared_counts(found: Document) -> ComparedCounts:
    """Return the counts that the decision rests on."""
    first = found.first()
    if first is None or not first[0].scatter:
        raise BadInput(f"{found.experiment}: has no comparison of base and candidate; name a finished run")
    return counts_of(first[0])


def counts_of(panel: BenchmarkSection) -> ComparedCounts:
    """Return the counts of one benchmark; the report has them as shares."""
    problems, difficulty, base, candidate = zip(*panel.scatter, strict=True)
    return ComparedCounts(
        benchmark=panel.benchmark,
        problems=problems,
        difficulty=difficulty,
        base=np.rint(np.array(base) * panel.samples).astype(np.int64),
        candidate=np.rint(np.array(candidate) * panel.samples).astype(np.int64),
        samples=panel.samples,
    )
