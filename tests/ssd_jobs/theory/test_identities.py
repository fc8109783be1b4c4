"""Identities (19), (22), (30), (31)."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from populations.distributions import distributions, supports, temperatures
from ssd_jobs.theory import identities
from ssd_jobs.theory.distributions import Distribution, Support, entropy, keep, temper

STEP = 1e-5
values = st.lists(st.floats(-5, 5), min_size=8, max_size=8).map(np.array)


@given(distributions(), values, temperatures)
def test_an_expectation_moves_with_the_exponent_by_a_covariance(p: Distribution, f: Distribution, t: float) -> None:
    """(19): d/dgamma of E f under p^gamma is Cov(f, log p)."""
    gamma = 1 / t
    ahead, behind = (temper(p, 1 / (gamma + sign * STEP)) @ f for sign in (1, -1))
    slope = identities.expectation_slope(p, f, gamma)
    assert (ahead - behind) / (2 * STEP) == pytest.approx(slope, abs=1e-5)


@given(distributions(), temperatures)
def test_entropy_falls_with_the_exponent_and_rises_with_temperature(p: Distribution, t: float) -> None:
    """(22): dH/dgamma = -gamma Var(log p) <= 0, that is dH/dT = Var / T^3 >= 0."""
    gamma = 1 / t
    ahead, behind = (entropy(temper(p, 1 / (gamma + sign * STEP))) for sign in (1, -1))
    slope = identities.entropy_slope_in_exponent(p, gamma)
    assert (ahead - behind) / (2 * STEP) == pytest.approx(slope, abs=1e-5)
    assert slope <= 1e-12
    assert identities.entropy_slope_in_temperature(p, t) == pytest.approx(-slope * gamma**2, abs=1e-9)


@given(distributions(), supports())
def test_entropy_splits_into_gate_head_and_tail(p: Distribution, support: Support) -> None:
    """(30): H = h2(M) + M H(head) + (1 - M) H(tail)."""
    assert identities.split_entropy(p, support).total == pytest.approx(entropy(p), abs=1e-9)


@given(distributions(), supports(), temperatures)
def test_a_heads_entropy_rises_by_its_variance(p: Distribution, support: Support, t: float) -> None:
    """(31): d/dtau H(head at tau) = Var / tau^3."""
    head = keep(p, support)[support]
    ahead, behind = (entropy(temper(head, t + sign * STEP)) for sign in (1, -1))
    slope = identities.entropy_slope_in_temperature(head, t)
    assert (ahead - behind) / (2 * STEP) == pytest.approx(slope, abs=1e-4)
    assert slope >= -1e-12
