"""What training aims at is the theory's target, and how far a model is from it is the theory's divergence."""

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from ssd_jobs.contract import Decode
from ssd_jobs.stages.analyze import target
from ssd_jobs.theory import distributions as theory
from ssd_jobs.theory.target import Sampling, kept_mass
from ssd_jobs.theory.target import target as exact

WEIGHTS = st.lists(st.integers(1, 1000), min_size=3, max_size=30, unique=True)
SETTINGS = st.builds(
    Decode,
    temperature=st.sampled_from([0.5, 1.0, 1.6]),
    top_k=st.sampled_from([0, 2, 5, 20]),
    top_p=st.sampled_from([0.5, 0.83, 1.0]),
)


def logs(weights: list[int]) -> torch.Tensor:
    """The log-probabilities of one position."""
    return torch.tensor([weights], dtype=torch.float64).log().log_softmax(-1)


def on_the_edge(weights: list[int], decode: Decode) -> bool:
    """Whether rounding decides if one more token is kept."""
    tempered = np.sort(np.array(weights, dtype=np.float64) ** (1 / decode.temperature))[::-1][: decode.top_k or None]
    return bool(np.isclose(np.cumsum(tempered) / tempered.sum(), decode.top_p, atol=1e-5).any())


@given(base=WEIGHTS, decode=SETTINGS, data=st.data())
def test_target_and_distance_are_the_theorys(base: list[int], decode: Decode, data: st.DataObject) -> None:
    """Support, kept mass, divergence and the mass inside are those of the definitions, for whatever the student is."""
    if decode.top_p < 1 and on_the_edge(base, decode):
        return
    student = data.draw(st.lists(st.integers(1, 1000), min_size=len(base), max_size=len(base)))
    p, q = (np.array(each, dtype=np.float64) / sum(each) for each in (base, student))
    sampling = Sampling(temperature=decode.temperature, k=decode.top_k, mass=decode.top_p)
    aim = exact(p, sampling)
    found = target.of(logs(base).float(), decode)
    assert found.size[0] == np.count_nonzero(aim)
    assert found.tempered_mass[0] == pytest.approx(theory.temper(p, decode.temperature)[aim > 0].sum(), abs=1e-5)
    distance = target.distance(logs(student), found)
    assert distance.divergence[0] == pytest.approx(theory.kl(aim, q), abs=1e-4)
    assert distance.mass_inside[0] == pytest.approx(kept_mass(q, aim > 0), abs=1e-6)
    kept = np.flatnonzero(aim)
    pairs = [(i, j) for i in kept for j in kept if p[i] > p[j]]
    swapped = [q[i] < q[j] for i, j in pairs]
    expected = np.mean(swapped) if swapped else np.nan
    assert distance.inversions[0] == pytest.approx(expected, nan_ok=True)


@given(base=WEIGHTS, decode=SETTINGS)
def test_a_perfect_student_is_at_the_target(base: list[int], decode: Decode) -> None:
    """The student of proposition B.2 is at no distance, has all its mass inside, and keeps the order."""
    found = target.of(logs(base).float(), decode)
    perfect = torch.full((1, len(base)), -np.inf, dtype=torch.float64)
    inside = found.shares[0] > 0
    perfect[0, torch.from_numpy(found.tokens[0][inside])] = torch.from_numpy(np.log(found.shares[0][inside]))
    distance = target.distance(perfect, found)
    assert distance.divergence[0] == pytest.approx(0, abs=1e-6)
    assert distance.mass_inside[0] == pytest.approx(1, abs=1e-6)
    assert distance.inversions[0] in (0, pytest.approx(np.nan, nan_ok=True))


def test_a_support_that_is_too_wide_is_left_out() -> None:
    """Where not the whole support is kept nothing is said of the model."""
    weights = torch.rand(1, target.WIDEST + 5).log()
    found = target.of(weights, Decode(temperature=1.0, top_k=0, top_p=1.0))
    assert not found.usable.any()
    assert np.isnan(target.distance(weights.log_softmax(-1), found).divergence).all()
