"""An engine that draws from another distribution than it was asked for is found out, a sound one is not."""

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from ssd_jobs.contract import Decode
from ssd_jobs.engine import decoding, selfcheck

ASKED = Decode(temperature=1.6, top_k=20, top_p=0.8)
PLAIN = Decode(temperature=1.6, top_k=0, top_p=1.0)


def raw(seed: int, tokens: int = 400) -> list[float]:
    """The raw log-probabilities of a vocabulary."""
    logits = torch.from_numpy(np.random.default_rng(seed).normal(scale=2.0, size=tokens))
    found: list[float] = logits.log_softmax(-1).tolist()
    return found


def drawn(logprobs: list[float], decode: Decode, seed: int) -> list[int]:
    """What an engine draws that decodes so."""
    shares = decoding.probabilities(torch.tensor([logprobs]), decode)[0].double().numpy()
    draws = np.random.default_rng(seed).choice(len(shares), size=selfcheck.DRAWS, p=shares / shares.sum())
    return [int(token) for token in draws]


@given(seed=st.integers(0, 10**6), decode=st.sampled_from([ASKED, PLAIN, Decode(temperature=0, top_k=0, top_p=1)]))
def test_a_sound_engine_passes(seed: int, decode: Decode) -> None:
    """Draws from the distribution that is meant are never faulted."""
    logprobs = raw(seed)
    assert selfcheck.fault(logprobs, decode, drawn(logprobs, decode, seed + 1)) == ""


WRONG = {
    "no truncation": PLAIN,
    "no top-p": Decode(temperature=1.6, top_k=20, top_p=1.0),
    "no top-k": Decode(temperature=1.6, top_k=0, top_p=0.8),
    "another temperature": Decode(temperature=0.4, top_k=20, top_p=0.8),
}


@pytest.mark.parametrize("real", WRONG.values(), ids=list(WRONG))
def test_an_engine_that_decodes_otherwise_is_found_out(real: Decode) -> None:
    """Whatever of the setting is ignored, the draws show it."""
    for seed in range(20):
        logprobs = raw(seed)
        assert selfcheck.fault(logprobs, ASKED, drawn(logprobs, real, seed)) != ""


def test_a_temperature_that_is_ignored_is_found_out() -> None:
    """Without truncation too, where every token may be drawn."""
    logprobs = raw(1, tokens=30)
    assert "another distribution" in selfcheck.fault(
        logprobs, PLAIN, drawn(logprobs, Decode(temperature=0.3, top_k=0, top_p=1), 3)
    )


def test_last_digits_are_excused() -> None:
    """A token just below the edge is no fault: batches of another size compute it with other roundings."""
    logprobs = [*np.log([0.5, 0.3, 0.11, 0.09]).tolist()]
    asked = Decode(temperature=1.0, top_k=3, top_p=1.0)
    assert selfcheck.fault(logprobs, asked, [0] * 130 + [1] * 90 + [2] * 35 + [3]) == ""
    assert "excludes" in selfcheck.fault([*np.log([0.5, 0.3, 0.15, 0.05]).tolist()], asked, [0, 1, 2, 3])
