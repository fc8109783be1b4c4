"""Laws of the target and its loss (5-17)."""

import numpy as np
import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from populations.distributions import distributions, samplings, softmax, supports, temperatures, truncations
from ssd_jobs.theory import distributions as d
from ssd_jobs.theory import rigidity, target
from ssd_jobs.theory.target import Sampling


@given(distributions(), samplings)
def test_the_target_is_the_power_of_the_teacher_on_the_support(teacher: d.Distribution, sampling: Sampling) -> None:
    """q is proportional to p0^(1/T) on S and zero elsewhere (7)."""
    q, retained = target.target(teacher, sampling), target.support(teacher, sampling)
    weights = np.where(retained, teacher ** (1 / sampling.temperature), 0)
    np.testing.assert_allclose(q, weights / weights.sum(), atol=1e-12)


@given(distributions(), samplings)
def test_the_target_is_what_a_sampler_draws_from(teacher: d.Distribution, sampling: Sampling) -> None:
    """Temperature, then top-k, then top-p, step by step, give q."""
    steps = (rigidity.Temperature(sampling.temperature), rigidity.TopK(sampling.k), rigidity.TopP(sampling.mass))
    np.testing.assert_allclose(target.target(teacher, sampling), rigidity.decode(teacher, steps), atol=1e-12)


@given(distributions(), st.integers(1, 8), st.floats(0.05, 0.999))
def test_truncation_keeps_no_more_than_it_must(p: d.Distribution, k: int, mass: float) -> None:
    """Top-k keeps k tokens; top-p reaches its mass and would not without its least likely token."""
    assert d.top_k(p, k).sum() == k
    kept = d.top_p(p, mass)
    assert p[kept].sum() >= mass - 1e-12
    assert p[kept].sum() - p[kept].min() < mass + 1e-12


@given(distributions(), distributions(), samplings)
def test_the_loss_is_its_three_terms_and_a_constant(
    teacher: d.Distribution, student: d.Distribution, sampling: Sampling
) -> None:
    """Support compression, reshaping, alignment and T H(q) sum to the cross-entropy (15)."""
    q = target.target(teacher, sampling)
    parts = target.decompose(q, student, sampling.temperature)
    assert parts.total == pytest.approx(target.loss(q, student), abs=1e-9)
    assert parts.compression >= -1e-12
    assert parts.alignment >= -1e-9


@given(distributions(), temperatures)
def test_reshaping_is_the_free_energy(head: d.Distribution, temperature: float) -> None:
    """(1 - T) H_{1/T} = -T log sum head^(1/T) (16)."""
    free = -temperature * np.log((head ** (1 / temperature)).sum())
    assert target.reshaping(head, temperature) == pytest.approx(free, abs=1e-9)


@given(distributions(), st.floats(1.05, 4.0))
def test_reshaping_pulls_towards_flat_when_hot_and_towards_sharp_when_cold(head: d.Distribution, hot: float) -> None:
    """The term is least for the uniform head when T > 1 and for a certain one when T < 1."""
    flat = np.full(8, 1 / 8)
    assert target.reshaping(flat, hot) <= target.reshaping(head, hot) + 1e-9
    certain = np.eye(8)[0]
    assert target.reshaping(certain, 1 / hot) <= target.reshaping(head, 1 / hot) + 1e-9


@given(distributions(), distributions(), samplings)
def test_the_loss_factors_into_gate_and_shape_and_never_falls_below_the_entropy(
    teacher: d.Distribution, student: d.Distribution, sampling: Sampling
) -> None:
    """L = -log KeptMass + CE(q, head) (12), and L >= H(q) (13)."""
    q = target.target(teacher, sampling)
    head = d.keep(student, q > 0)
    gate = -np.log(target.kept_mass(student, q > 0))
    assert target.loss(q, student) == pytest.approx(gate + d.cross_entropy(q, head), abs=1e-9)
    assert target.loss(q, student) >= d.entropy(q) - 1e-9


@given(distributions(), samplings)
def test_the_least_loss_is_approached_and_not_attained(teacher: d.Distribution, sampling: Sampling) -> None:
    """Where something was cut off, every student with finite logits is above H(q) and some are as close as wanted."""
    q = target.target(teacher, sampling)
    assume((q == 0).sum() > 0)
    leak = np.where(q == 0, 1.0 / (q == 0).sum(), 0.0)
    excess = [target.loss(q, (1 - e) * q + e * leak) - d.entropy(q) for e in (1e-2, 1e-4, 1e-6)]
    assert excess[0] > excess[1] > excess[2] > 0
    assert excess[2] < 1e-5


@given(distributions(), distributions(), samplings)
def test_the_gradient_has_one_value_however_it_is_written(
    teacher: d.Distribution, student: d.Distribution, sampling: Sampling
) -> None:
    """p - q equals the gated form (17) and the finite difference of the loss by each logit."""
    q = target.target(teacher, sampling)
    np.testing.assert_allclose(target.gradient(q, student), target.gradient_by_parts(q, student), atol=1e-12)
    logits, step = np.log(student), 1e-5
    for token in range(len(student)):
        moved = [target.loss(q, softmax(logits + sign * step * np.eye(8)[token])) for sign in (1, -1)]
        assert (moved[0] - moved[1]) / (2 * step) == pytest.approx(target.gradient(q, student)[token], abs=1e-6)


@given(distributions())
def test_plain_sampling_teaches_nothing(teacher: d.Distribution) -> None:
    """At T 1 without truncation the target is the teacher and the expected update is zero (9)."""
    q = target.target(teacher, Sampling())
    np.testing.assert_allclose(target.gradient(q, teacher), 0, atol=1e-12)


@given(distributions(), truncations)
def test_truncation_alone_only_gates(teacher: d.Distribution, sampling: Sampling) -> None:
    """At T 1 the first update pulls nothing inside the support: every odds ratio there keeps its direction."""
    q = target.target(teacher, sampling)
    inside = q > 0
    relative = target.gradient(q, teacher)[inside] / teacher[inside]
    np.testing.assert_allclose(relative, relative[0], atol=1e-9)


@given(distributions(), supports(), temperatures)
def test_tempering_keeps_the_support_and_the_ranking(p: d.Distribution, support: d.Support, t: float) -> None:
    """Temper_T^S has mass exactly on S, sums to one, and never reorders."""
    tempered = d.temper(p, t, support)
    assert tempered.sum() == pytest.approx(1)
    assert np.array_equal(tempered > 0, support)
    assert np.array_equal(d.ranking(tempered)[: support.sum()], [v for v in d.ranking(p) if support[v]])
