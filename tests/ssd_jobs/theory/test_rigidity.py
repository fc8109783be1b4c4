"""Proposition B.5, corollaries B.6 and B.7, the feasibility condition (39)."""

import numpy as np
import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from populations.distributions import distributions, temperatures
from ssd_jobs.theory import distributions as d
from ssd_jobs.theory import rigidity
from ssd_jobs.theory.rigidity import Operation, Temperature, TopK, TopP

masses = st.floats(0.05, 0.999)
settings: st.SearchStrategy[tuple[Operation, ...]] = st.tuples(
    temperatures.map(Temperature), st.integers(1, 8).map(TopK), masses.map(TopP)
)
orders = settings.flatmap(lambda operations: st.permutations(operations).map(tuple))
chains = st.lists(
    st.one_of(st.floats(0.5, 2.0).map(Temperature), st.integers(1, 8).map(TopK), masses.map(TopP)), max_size=4
)
ranked = st.tuples(distributions(), st.integers(1, 8))


@given(distributions(), st.one_of(orders, chains))
def test_any_order_of_operations_is_one_power_on_a_prefix(p: d.Distribution, operations: tuple[Operation, ...]) -> None:
    """Proposition B.5 (35): p^alpha on the m most probable tokens, alpha the product of 1 / temperature."""
    decoded = rigidity.decode(p, operations)
    expected = d.temper(p, 1 / rigidity.power(operations), decoded > 0)
    assert rigidity.is_prefix(p, decoded > 0)
    np.testing.assert_allclose(decoded, expected, atol=1e-12)


@given(distributions(), orders)
def test_a_kept_token_keeps_every_likelier_one(p: d.Distribution, operations: tuple[Operation, ...]) -> None:
    """Corollary B.6: no setting drops a likely distractor and keeps a less likely right token."""
    kept = rigidity.decode(p, operations) > 0
    least = p[kept].min()
    assert np.all(kept[p > least])


@given(distributions(), distributions(), orders)
def test_odds_are_scaled_by_one_exponent_everywhere(
    here: d.Distribution, there: d.Distribution, operations: tuple[Operation, ...]
) -> None:
    """Corollary B.7 (36): in every context, the log-odds of kept pairs are multiplied by the same alpha."""
    alpha = rigidity.power(operations)
    for p in (here, there):
        decoded = rigidity.decode(p, operations)
        kept = decoded > 0
        logs, before = np.log(decoded[kept]), np.log(p[kept])
        np.testing.assert_allclose(logs - logs[0], alpha * (before - before[0]), atol=1e-8)


@given(ranked, ranked, temperatures, st.integers(0, 8), masses)
def test_the_feasibility_condition_says_what_decoding_does(
    fork_and_rank: tuple[d.Distribution, int],
    lock_and_rank: tuple[d.Distribution, int],
    t: float,
    k: int,
    mass: float,
) -> None:
    """(39) holds exactly when the fork keeps its token and the lock keeps nothing beyond its rank."""
    (fork, fork_rank), (lock, lock_rank) = fork_and_rank, lock_and_rank
    reached = rigidity.prefix_mass(fork, fork_rank - 1, temperature=t, k=k)
    enough = rigidity.prefix_mass(lock, lock_rank, temperature=t, k=k)
    assume(min(abs(reached - mass), abs(enough - mass)) > 1e-9)
    keeps = rigidity.retains(fork, fork_rank, temperature=t, k=k, mass=mass)
    cuts = lock_rank == len(lock) or not rigidity.retains(lock, lock_rank + 1, temperature=t, k=k, mass=mass)
    both = rigidity.feasible(fork, fork_rank, lock, lock_rank, temperature=t, k=k, mass=mass)
    assert both == (keeps and cuts)


@given(distributions(), st.integers(0, 8), st.integers(0, 8), temperatures, st.floats(1.0, 3.0))
def test_a_prefix_never_gains_mass_with_temperature(
    p: d.Distribution, rank: int, k: int, cold: float, factor: float
) -> None:
    """dS_m / dtau <= 0: what keeps a fork open opens the locks too."""
    hot = rigidity.prefix_mass(p, rank, temperature=cold * factor, k=k)
    assert hot <= rigidity.prefix_mass(p, rank, temperature=cold, k=k) + 1e-9


def test_a_fork_and_a_lock_that_no_setting_serves() -> None:
    """A right token below a fork's distractors and a lock with one heavy distractor cannot both be had."""
    fork, lock = np.array([0.6, 0.3, 0.1]), np.array([0.55, 0.44, 0.01])
    tried = [
        rigidity.feasible(fork, 3, lock, 1, temperature=t, k=k, mass=mass)
        for t in np.linspace(0.1, 5, 50)
        for k in (0, 1, 2, 3)
        for mass in np.linspace(0.02, 1, 50)
    ]
    assert not any(tried)


def test_one_lucky_pair_is_feasible() -> None:
    """A flat fork and a sharp lock are served by one setting."""
    fork, lock = np.array([0.4, 0.35, 0.25]), np.array([0.97, 0.02, 0.01])
    assert rigidity.feasible(fork, 3, lock, 1, temperature=1.0, k=0, mass=0.9)
    assert rigidity.power((Temperature(2.0), TopK(3), Temperature(0.25))) == pytest.approx(2.0)
