"""Laws of the decoding mathematics, and their equality with vLLM's."""

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from ssd_jobs.contract import Decode
from ssd_jobs.engine import decoding

LOGITS = st.lists(st.integers(-4000, 4000).map(lambda value: value / 500), min_size=2, max_size=40, unique=True)
"""Without ties, whose order is nobody's business."""
ROWS = st.lists(st.integers(-4000, 4000), min_size=24, max_size=24, unique=True)
SETTINGS = st.builds(
    Decode,
    temperature=st.sampled_from([0.3, 0.7, 1.0, 1.6, 2.5]),
    top_k=st.sampled_from([0, 1, 2, 5, 20, 1000]),
    top_p=st.sampled_from([0.05, 0.5, 0.8, 0.95, 1.0]),
)


def by_definition(logits: list[float], decode: Decode) -> np.ndarray:
    """The distribution, written down step by step in float64 without any cleverness."""
    scores = np.array(logits, dtype=np.float64) / decode.temperature
    weights: np.ndarray = np.exp(scores - scores.max())
    if decode.top_k:
        weights[scores < np.sort(scores)[::-1][min(decode.top_k, len(scores)) - 1]] = 0
    weights /= weights.sum()
    if decode.top_p < 1:
        order = np.argsort(scores, kind="stable")
        below = np.cumsum(weights[order])
        dropped = order[below <= 1 - decode.top_p]
        weights[dropped[dropped != order[-1]]] = 0
        weights /= weights.sum()
    return weights


@given(logits=LOGITS, decode=SETTINGS)
def test_the_order_is_temperature_then_top_k_then_top_p_inside(logits: list[float], decode: Decode) -> None:
    """The distribution is the one that the definition gives, up to rounding at the edge of top-p."""
    found = decoding.probabilities(torch.tensor([logits]), decode)[0].numpy()
    expected = by_definition(logits, decode)
    lost = np.abs(found - expected).sum()
    edge = expected[expected > 0].min() if (found > 0).sum() != (expected > 0).sum() else 0.0
    assert lost <= 1e-4 + 3 * edge
    assert found.sum() == pytest.approx(1, abs=1e-5)


def test_top_p_is_taken_inside_the_top_k_survivors() -> None:
    """Shares of 0.4, 0.3, 0.2, 0.1: top-k 2 leaves 4/7 and 3/7, of which top-p 0.5 keeps the first alone."""
    logits = torch.log(torch.tensor([[0.4, 0.3, 0.2, 0.1]]))
    inside = decoding.probabilities(logits, Decode(temperature=1.0, top_k=2, top_p=0.5))
    alone = decoding.probabilities(logits, Decode(temperature=1.0, top_k=0, top_p=0.5))
    assert (inside > 0).tolist() == [[True, False, False, False]]
    assert (alone > 0).tolist() == [[True, True, False, False]]


def test_temperature_comes_before_truncation() -> None:
    """At temperature 4 a top-p of 0.8 keeps more tokens than at temperature 1."""
    logits = torch.log(torch.tensor([[0.7, 0.15, 0.1, 0.05]]))
    kept = [
        int((decoding.probabilities(logits, Decode(temperature=each, top_k=0, top_p=0.8)) > 0).sum())
        for each in (1.0, 4.0)
    ]
    assert kept == [2, 3]


def test_ties_at_the_last_place_all_survive() -> None:
    """Top-k 2 with a tie for the second place keeps three."""
    kept = decoding.probabilities(torch.tensor([[3.0, 1.0, 1.0, 0.0]]), Decode(temperature=1.0, top_k=2, top_p=1.0))
    assert (kept > 0).tolist() == [[True, True, True, False]]


@pytest.mark.vllm
@settings(deadline=None, max_examples=60)
@given(
    rows=st.lists(st.lists(st.integers(-4000, 4000), min_size=24, max_size=24, unique=True), min_size=1, max_size=4),
    decode=SETTINGS,
)
def test_vllm_keeps_the_same_tokens_with_the_same_probabilities(rows: list[list[int]], decode: Decode) -> None:
    """On fixed logits vLLM's sampler and ours have one support and one distribution."""
    from vllm.v1.sample.ops.topk_topp_sampler import apply_top_k_top_p

    logits = torch.tensor(rows, dtype=torch.float32) / 500
    k = torch.tensor([min(decode.top_k or logits.shape[1], logits.shape[1])] * len(rows), dtype=torch.int32)
    p = torch.tensor([decode.top_p] * len(rows))
    theirs = apply_top_k_top_p(logits.clone() / decode.temperature, k, p).softmax(-1)
    ours = decoding.probabilities(logits, decode)
    assert torch.equal(ours > 0, theirs > 0)
    assert torch.allclose(ours, theirs, atol=1e-6)


@given(logits=LOGITS, decode=SETTINGS, number=st.floats(0, 1, exclude_max=True))
def test_a_draw_is_never_outside_the_support(logits: list[float], decode: Decode, number: float) -> None:
    """Whatever the number, the token drawn has a probability."""
    batch = torch.tensor([logits])
    token = int(decoding.draw(batch, decode, torch.tensor([number], dtype=torch.float64)))
    assert decoding.probabilities(batch, decode)[0, token] > 0


TIED = st.lists(st.integers(-6, 6).map(float), min_size=60, max_size=120)
"""With many ties at every place."""


@given(logits=LOGITS | TIED, decode=SETTINGS.filter(lambda each: each.top_k > 0), number=st.floats(0, 0.999))
def test_a_draw_among_the_best_is_the_draw(logits: list[float], decode: Decode, number: float) -> None:
    """Where it is sure, it is the token that the whole vocabulary gives; only ties beyond its window make it unsure."""
    batch, numbers = torch.tensor([logits]), torch.tensor([number], dtype=torch.float64)
    drawn, sure = decoding.draw_among_best(batch, decode, numbers)
    kth = sorted(logits, reverse=True)[min(decode.top_k, len(logits)) - 1]
    alike = sum(each >= kth for each in logits)
    assert bool(sure) == (alike < decode.top_k + decoding.SPARE or len(logits) <= decode.top_k + decoding.SPARE)
    shares = decoding.probabilities(batch, decode)[0].double()
    edges = shares.cumsum(0) / shares.sum()
    # Of equal tokens at the edge of top-p it is nobody's business which one goes.
    tied = decode.top_p < 1 and len(set(logits)) < len(logits)
    if sure and not tied and (edges - number).abs().min() > 1e-6:
        assert int(drawn) == int(decoding.draw(batch, decode, numbers))


def test_evenly_spread_numbers_give_exactly_the_distribution() -> None:
    """A draw inverts the cumulative distribution: counts over a grid are the probabilities."""
    decode = Decode(temperature=1.3, top_k=5, top_p=0.9)
    logits = torch.linspace(-1, 2, 12)[None]
    grid = (torch.arange(20_000, dtype=torch.float64) + 0.5) / 20_000
    drawn = decoding.draw(logits.expand(len(grid), -1), decode, grid)
    shares = torch.bincount(drawn, minlength=12) / len(grid)
    assert torch.allclose(shares, decoding.probabilities(logits, decode)[0], atol=1e-4)


def test_temperature_zero_is_greedy() -> None:
    """At temperature 0 the best token is certain, whatever the truncation."""
    logits = torch.tensor([[0.0, 2.0, 1.0]])
    decode = Decode(temperature=0.0, top_k=0, top_p=1.0)
    assert decoding.probabilities(logits, decode).tolist() == [[0.0, 1.0, 0.0]]
    assert decoding.draw(logits, decode, torch.tensor([0.999])).tolist() == [1]


def test_numbers_are_uniform_and_depend_on_seed_and_position() -> None:
    """Over seeds and positions the numbers fill [0, 1) evenly and never repeat."""
    seeds = [seed for seed in range(200) for _ in range(50)]
    numbers = decoding.uniforms(seeds, list(range(50)) * 200).numpy()
    assert len(np.unique(numbers)) == len(numbers)
    counts = np.histogram(numbers, bins=20, range=(0, 1))[0]
    assert ((counts - 500) ** 2 / 500).sum() < 43.8  # chi-squared with 19 degrees of freedom, p 0.001
    assert abs(np.corrcoef(numbers[:-1], numbers[1:])[0, 1]) < 0.04
