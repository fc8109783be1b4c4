"""Laws of variety: how different right programs are, whoever has more of them."""

from dataclasses import replace

import numpy as np
import pytest

from populations import arms
from ssd_jobs.artifacts import tables
from ssd_jobs.scoring import Scores, score
from workspaces.tables import ROWS

PROBLEMS, SAMPLES, SOLUTIONS = 60, 10, 4


def drawn(rate: float, rng: np.random.Generator, solutions: int = SOLUTIONS) -> Scores:
    """An arm whose right programs are, on every problem, one of so many solutions that are equally likely."""
    rows = [
        {
            **ROWS["verdicts"][0],
            "problem_id": f"p{problem:02d}",
            "sample_index": sample,
            "verdict": "pass" if rng.random() < rate else "wrong",
            "normal_sha256": str(rng.integers(solutions)),
        }
        for problem in range(PROBLEMS)
        for sample in range(SAMPLES)
    ]
    return score(tables.table(tables.VERDICTS, rows), samples=SAMPLES, source="drawn")


def test_more_right_programs_are_not_more_variety() -> None:
    """An arm with three times as many right programs of the same kinds is as varied, and the interval says so in about
    95 % of experiments."""
    inside, values = [], []
    for seed in range(60):
        rng = np.random.default_rng(seed)
        found = arms.panel(drawn(0.3, rng), drawn(0.9, rng), replicates=300).variety("Fixed")
        assert found is not None
        interval = (found.candidate - found.base).interval(0.95)
        inside.append(interval.low <= 0 <= interval.high)
        values.append(found.base.value)
    assert np.mean(values) == pytest.approx(1 - 1 / SOLUTIONS, abs=0.01)
    assert np.mean(inside) >= 0.88


def test_fewer_kinds_of_right_programs_are_less_variety() -> None:
    """A candidate with two solutions where the base has four is less varied, though it is better at every k."""
    rng = np.random.default_rng(0)
    panel = arms.panel(drawn(0.4, rng), drawn(0.8, rng, solutions=2), replicates=300)
    found = panel.variety("Fixed")
    assert found is not None
    assert (found.candidate - found.base).interval(0.95).high < 0
    assert all(panel.delta("Fixed", k=k).value > 0 for k in (1, 5))


def test_only_problems_with_two_right_programs_of_both_arms_count() -> None:
    """What one arm solved once says nothing of its variety; without two problems nothing is said at all."""
    rng = np.random.default_rng(0)
    base, candidate = drawn(0.9, rng), drawn(0.9, rng)
    some = replace(candidate, variety=np.where(np.arange(PROBLEMS) < 7, candidate.variety, np.nan))
    found = arms.panel(base, some, replicates=100).variety("Fixed")
    assert found is not None
    assert found.problems == 7
    assert found.base.value == pytest.approx(base.variety[:7].mean())
    one = replace(candidate, variety=np.where(np.arange(PROBLEMS) < 1, candidate.variety, np.nan))
    assert arms.panel(base, one, replicates=100).variety("Fixed") is None
