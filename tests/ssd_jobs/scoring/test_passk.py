"""Laws of pass@k."""

import math
from itertools import combinations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ssd_jobs.errors import BadInput
from ssd_jobs.scoring import passk


@given(st.integers(1, 8).flatmap(lambda n: st.tuples(st.just(n), st.integers(0, n), st.integers(1, n))))
@settings(deadline=None)
def test_is_the_share_of_all_choices_that_hold_a_right_sample(case: tuple[int, int, int]) -> None:
    """pass@k is the share of the k-subsets of the n samples in which at least one is right."""
    n, c, k = case
    subsets = list(combinations([True] * c + [False] * (n - c), k))
    assert passk.pass_at_k(n, c, k) == pytest.approx(sum(map(any, subsets)) / len(subsets))


@given(st.integers(1, 30).flatmap(lambda n: st.tuples(st.just(n), st.integers(1, n))), st.floats(0, 1))
@settings(deadline=None)
def test_is_unbiased(case: tuple[int, int], rate: float) -> None:
    """Its mean over binomial draws is 1 - (1 - rate)^k, for every rate."""
    n, k = case
    weights = np.array([math.comb(n, c) * rate**c * (1 - rate) ** (n - c) for c in range(n + 1)])
    assert float(weights @ passk.pass_table(n, k)) == pytest.approx(1 - (1 - rate) ** k, abs=1e-9)


@given(st.integers(1, 200).flatmap(lambda n: st.tuples(st.just(n), st.integers(1, n))))
@settings(deadline=None)
def test_grows_with_right_samples_and_ends_at_0_and_1(case: tuple[int, int]) -> None:
    """No right sample is 0, all right is 1, and one more right sample is never worse."""
    table = passk.pass_table(*case)
    assert (table[0], table[-1]) == (0, 1)
    assert (np.diff(table) >= 0).all()


def test_more_than_all_samples_is_an_error_of_the_spec() -> None:
    """k > n is one sentence that names both and the field to change."""
    with pytest.raises(BadInput, match=r"^pass@5 needs at least 5 samples per problem, and there are 4: raise sa"):
        passk.pass_at_k(4, 1, 5)


@pytest.mark.parametrize(("n", "k"), [(2, 1), (10, 1), (10, 5), (200, 7)])
def test_the_noise_of_samples_is_that_of_drawing_them_again(n: int, k: int) -> None:
    """Up to the factor n / (n - 1), it is the variance of pass@k over all binomial draws at the observed rate."""
    found, table = passk.noise_table(n, k), passk.pass_table(n, k)
    for right in range(n + 1):
        rate = right / n
        chances = np.array([math.comb(n, j) * rate**j * (1 - rate) ** (n - j) for j in range(n + 1)])
        variance = float(chances @ (table - chances @ table) ** 2)
        assert found[right] == pytest.approx(variance * n / (n - 1), abs=1e-12)


def test_one_sample_shows_no_noise() -> None:
    """From a single sample nobody knows how another one would vary."""
    assert passk.noise_table(1, 1).tolist() == [0, 0]
