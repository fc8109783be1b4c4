"""Laws of counting verdicts: no sample is lost, doubled or put on the wrong side of a pair."""

import itertools
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ssd_jobs.artifacts import tables
from ssd_jobs.errors import BadInput
from ssd_jobs.scoring import Panel, Scores, score
from workspaces.tables import ROWS

VERDICT = ROWS["verdicts"][0]


def verdicts(**changes: list[Any]) -> list[dict[str, Any]]:
    """Rows that differ from the tiny instance by these columns."""
    count = len(next(iter(changes.values())))
    return [{**VERDICT, **{name: values[i] for name, values in changes.items()}} for i in range(count)]


def counted(rows: list[dict[str, Any]], samples: int) -> Scores:
    """Score rows."""
    return score(tables.table(tables.VERDICTS, rows), samples=samples, source="verdicts/x")


@given(st.permutations(range(6)))
@settings(deadline=None)
def test_the_order_of_rows_means_nothing(order: list[int]) -> None:
    """Any order of the rows gives the same scores."""
    rows = verdicts(
        problem_id=["b", "b", "b", "a", "a", "a"],
        sample_index=[0, 1, 2] * 2,
        verdict=["pass", "wrong", "tle", "pass", "pass", "no_code"],
        normal_sha256=["x", "x", "y", "z", "y", ""],
        truncated=[False, False, True, False, False, True],
    )
    found = counted([rows[i] for i in order], 3)
    assert found.problem_ids == ("a", "b")
    assert found.right.tolist() == [2, 1]
    np.testing.assert_array_equal(found.variety, [1, np.nan])
    assert found.truncated.tolist() == pytest.approx([1 / 3, 1 / 3])
    assert found.verdicts == {"pass": 3, "wrong": 1, "tle": 1, "no_code": 1}


@given(st.lists(st.sampled_from("abc"), min_size=2, max_size=8))
def test_variety_is_the_share_of_pairs_that_differ(programs: list[str]) -> None:
    """Of all pairs of right programs, it is the share that are two solutions; wrong programs do not count."""
    rows = verdicts(
        sample_index=[*range(len(programs)), len(programs)],
        verdict=["pass"] * len(programs) + ["wrong"],
        normal_sha256=[*programs, "d"],
    )
    pairs = list(itertools.combinations(programs, 2))
    expected = sum(one != other for one, other in pairs) / len(pairs)
    assert counted(rows, len(programs) + 1).variety.tolist() == pytest.approx([expected])


@pytest.mark.parametrize(
    ("indexes", "message"),
    [
        ([0, 2], r"has the samples 0, 2 where 0 to 2 are due; run grade again"),
        ([0, 1, 1], r"has the samples 0, 1, 1 where 0 to 2 are due"),
        ([0, 1, 2, 3], r"has the samples 0, 1, 2, 3 where"),
    ],
    ids=["missing", "double", "too many"],
)
def test_a_wrong_number_of_samples_is_refused(indexes: list[int], message: str) -> None:
    """A problem whose samples are not exactly 0 .. n-1 is named, with the table."""
    rows = verdicts(sample_index=indexes)
    with pytest.raises(BadInput, match=rf"^verdicts/x: problem double {message}"):
        counted(rows, 3)


def test_an_unknown_difficulty_is_refused() -> None:
    """A difficulty that is none of ours is named with its problem."""
    with pytest.raises(BadInput, match=r"problem double has the unknown difficulty 'brutal'; use easy, medium or"):
        counted(verdicts(difficulty=["brutal"]), 1)


def test_an_empty_table_is_refused() -> None:
    """No verdict at all is an error, not a pass rate of NaN."""
    with pytest.raises(BadInput, match=r"^verdicts/x: holds no verdict; check the benchmark"):
        counted([], 1)


def test_arms_on_different_problems_cannot_be_paired() -> None:
    """A panel whose evaluations saw different problems is refused."""
    one = counted(verdicts(problem_id=["a"]), 1)
    other = counted(verdicts(problem_id=["b"]), 1)
    with pytest.raises(BadInput, match=r"^lcb: Candidate at hot was graded on other problems than the rest"):
        Panel(
            name="lcb",
            evaluations={("Base", "cold"): one, ("Candidate", "hot"): other},
            fixed={"Base": "cold", "Candidate": "hot"},
            chosen={},
            replicates=100,
            seed=0,
        )
