"""Laws of what is known of a base before a run: measured or read off a table, it is that base."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from populations import arms
from ssd_jobs.errors import BadInput
from ssd_jobs.scoring import base_rates
from ssd_jobs.scoring.base_rates import BaseRates


def test_what_is_measured_is_true_on_average() -> None:
    """Over many evaluations both chances are those of the population, with as few as two samples per problem."""
    rng = np.random.default_rng(0)
    names = arms.difficulties()
    found = [base_rates.of_counts(rng.binomial(2, arms.rates(rng)), 2, names) for _ in range(1000)]
    for place, (name, (a, b)) in enumerate(arms.SHAPES.items()):
        each = [one[place] for one in found]
        assert (each[0].name, each[0].problems) == (name, arms.PROBLEMS[name])
        assert np.mean([one.failing for one in each]) == pytest.approx(b / (a + b), abs=0.01)
        expected = b * (b + 1) / ((a + b) * (a + b + 1))
        assert np.mean([one.failing_twice for one in each]) == pytest.approx(expected, abs=0.01)


def test_of_a_single_sample_the_second_is_assumed() -> None:
    """It fails more often than by chance, because a problem that failed once is a hard one."""
    [found] = base_rates.of_counts(np.array([0, 1, 0, 1]), 1, ("", "", "", ""))
    assert found.failing == 0.5
    assert 0.25 < found.failing_twice < 0.5


@given(mean=st.floats(0.05, 0.95), spread=st.floats(0.1, 10))
def test_a_table_of_pass_rates_tells_the_spread(mean: float, spread: float) -> None:
    """From pass@1 and pass@5 of beta distributed pass rates follows how often two samples both fail."""
    a, b = mean * spread, (1 - mean) * spread
    failing_all = np.prod([(b + each) / (a + b + each) for each in range(5)])
    found = base_rates.of_pass_rates("easy", 31, mean, 1 - float(failing_all))
    assert found.failing_twice == pytest.approx(b * (b + 1) / (spread * (spread + 1)), abs=1e-6)


def test_the_papers_base_is_the_papers() -> None:
    """Its pass@1 over all problems is the 34.0 % of table 2."""
    sizes = [each.problems for each in base_rates.PAPER_BASE]
    failing = np.average([each.failing for each in base_rates.PAPER_BASE], weights=sizes)
    assert sum(sizes) == 131
    assert 1 - failing == pytest.approx(0.340, abs=0.001)


@given(
    sizes=st.lists(st.integers(1, 200), min_size=1, max_size=4),
    problems=st.integers(2, 500),
)
def test_another_number_of_problems_has_the_same_mix(sizes: list[int], problems: int) -> None:
    """The numbers by difficulty add up to it, and none is off its share by a whole problem."""
    known = [BaseRates(f"d{i}", size, 0.5, 0.3) for i, size in enumerate(sizes)]
    found = {each.name: each.problems for each in base_rates.resized(known, problems)}
    assert sum(found.values()) == problems
    for each in known:
        assert abs(found.get(each.name, 0) - problems * each.problems / sum(sizes)) < 1


@pytest.mark.parametrize(
    ("one", "five", "sentence"),
    [
        (0.0, None, "easy: pass@1 is 0 %; give a base that solves some of its problems"),
        (0.5, 0.4, "easy: pass@5 of 40 % does not go with that pass@1"),
        (0.5, 0.99, "easy: pass@5 of 99 % does not go with that pass@1"),
    ],
)
def test_what_cannot_be_is_refused(one: float, five: float | None, sentence: str) -> None:
    """A base without successes, and a pass@5 that no spread explains."""
    with pytest.raises(BadInput) as refused:
        base_rates.of_pass_rates("easy", 31, one, five)
    assert str(refused.value) == sentence
