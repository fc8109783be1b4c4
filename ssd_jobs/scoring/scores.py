"""One evaluation as arrays: problems by samples, in the order of problem ids.

The order is what pairs two evaluations, and a table that lacks a sample or names one twice is refused here, because
a mean over the wrong denominator looks exactly like a result.
"""

import math
from collections import Counter
from dataclasses import dataclass
from math import comb
from typing import Any

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from ssd_jobs.artifacts import tables
from ssd_jobs.contract.printable import brief
from ssd_jobs.errors import BadInput
from ssd_jobs.programs.gradable import DIFFICULTIES

__all__ = ["COLUMNS", "Scores", "score"]

COLUMNS = [
    "problem_id",
    "sample_index",
    "difficulty",
    "verdict",
    "truncated",
    "completion_tokens",
    "normal_sha256",
]


@dataclass(frozen=True)
class Scores:
    """What one arm did at one decode setting under one grading mode."""

    problem_ids: tuple[str, ...]
    difficulty: tuple[str, ...]
    right: NDArray[np.int64]
    """Right samples of each problem."""
    samples: int
    """Samples of every problem."""
    variety: NDArray[np.float64]
    """The chance that two right programs of a problem are different solutions; NaN where fewer than two are right."""
    truncated: NDArray[np.float64]
    """Generations of each problem that hit their token limit, as a share."""
    completion_tokens: int
    verdicts: dict[str, int]

    @property
    def infra_errors(self) -> int:
        """Samples without a verdict of their own; none of them may be counted as wrong."""
        return self.verdicts.get("infra_error", 0)

    def within(self, stratum: str) -> NDArray[np.int64]:
        """Return the positions of the problems of one difficulty; `all` is every problem."""
        return np.array([i for i, name in enumerate(self.difficulty) if stratum in ("all", name)], dtype=np.int64)


def score(verdicts: pa.Table, *, samples: int, source: str) -> Scores:
    """Count a table of verdicts; `source` names it in messages."""
    by_problem: dict[str, list[dict[str, Any]]] = {}
    for row in tables.rows(verdicts.select(COLUMNS)):
        by_problem.setdefault(row["problem_id"], []).append(row)
    ids = tuple(sorted(by_problem))
    if not ids:
        raise BadInput(f"{source}: holds no verdict; check the benchmark's source and its window")
    for problem in ids:
        _check(problem, by_problem[problem], samples=samples, source=source)
    groups = [by_problem[problem] for problem in ids]
    return Scores(
        problem_ids=ids,
        difficulty=tuple(group[0]["difficulty"] for group in groups),
        right=np.array([sum(row["verdict"] == "pass" for row in group) for group in groups], dtype=np.int64),
        samples=samples,
        variety=np.array(
            [_variety([row["normal_sha256"] for row in group if row["verdict"] == "pass"]) for group in groups]
        ),
        truncated=np.array([sum(row["truncated"] for row in group) / samples for group in groups]),
        completion_tokens=sum(row["completion_tokens"] for group in groups for row in group),
        verdicts=dict(Counter(row["verdict"] for group in groups for row in group)),
    )


def _variety(right: list[str]) -> float:
    """Return the share of pairs of right programs that differ: without bias, whatever the number of right programs."""
    if len(right) < 2:
        return math.nan
    return 1 - sum(comb(count, 2) for count in Counter(right).values()) / comb(len(right), 2)


def _check(problem: str, group: list[dict[str, Any]], *, samples: int, source: str) -> None:
    """Refuse a problem whose samples are not exactly 0 .. samples - 1, or whose difficulty nobody knows."""
    found = sorted(row["sample_index"] for row in group)
    if found != list(range(samples)):
        raise BadInput(
            f"{source}: problem {brief(problem)} has the samples {_short(found)} where 0 to {samples - 1} are due; "
            f"run grade again"
        )
    unknown = {row["difficulty"] for row in group} - {"", *DIFFICULTIES}
    if unknown:
        raise BadInput(
            f"{source}: problem {brief(problem)} has the unknown difficulty {brief(repr(min(unknown)))}; "
            f"use easy, medium or hard, or leave it empty"
        )


def _short(numbers: list[int]) -> str:
    """Return a list that fits into a sentence."""
    shown = ", ".join(str(number) for number in numbers[:12])
    return f"{shown}, …" if len(numbers) > 12 else shown or "none"
