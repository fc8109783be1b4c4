"""The step-0 guard names the likely cause; a language model that is a table shows each one."""

import math
from collections.abc import Callable, Sequence

import numpy as np
import pytest
from numpy.typing import NDArray

from ssd_jobs.errors import BadInput
from ssd_jobs.stages.train import guard
from ssd_jobs.stages.train.corpus import Corpus
from ssd_jobs.stages.train.nll import Document

VOCABULARY = 50
TABLE = np.random.default_rng(0).uniform(0.1, 1.2, (VOCABULARY, VOCABULARY))
FIRST = np.random.default_rng(1).uniform(0.1, 1.2, VOCABULARY)


def _nll(tokens: np.ndarray, prompt: int) -> float:
    """Return the summed NLL; the first token of a document tints all others, as a BOS token does."""
    pairs = zip(tokens[prompt - 1 :], tokens[prompt:], strict=False)
    return float(sum(TABLE[a, b] for a, b in pairs) * (1 + 0.2 * FIRST[tokens[0]]))


def _score(documents: Sequence[Document]) -> NDArray[np.float64]:
    return np.array([_nll(tokens, prompt) for tokens, prompt in documents])


def _documents() -> list[Document]:
    random = np.random.default_rng(2)
    return [(random.integers(1, VOCABULARY, random.integers(12, 20)).astype(np.int32), 5) for _ in range(30)]


def _corpus(recorded: list[float]) -> Corpus:
    """Return the documents with the sums that a sampler recorded."""
    documents = _documents()
    return Corpus(
        tokens=np.concatenate([tokens for tokens, _ in documents]),
        starts=np.concatenate([[0], np.cumsum([len(tokens) for tokens, _ in documents])]),
        prompt_lengths=np.array([prompt for _, prompt in documents]),
        logprob_sums=-np.array(recorded),
        batches=(),
    )


def _check(recorded: list[float]) -> dict[str, object]:
    return guard.check(_corpus(recorded), _score, tolerance=0.02, vocabulary=VOCABULARY, budget=10_000)


CAUSES: dict[str, tuple[str, Callable[[np.ndarray, int], float]]] = {
    "first token": ("mask (the sampler's sum does not cover the first", lambda ids, prompt: _nll(ids, prompt + 1)),
    "prompt token": ("mask (the sampler's sum covers one token more", lambda ids, prompt: _nll(ids, prompt - 1)),
    "last token": ("mask (the sampler's sum does not cover the last", lambda ids, prompt: _nll(ids[:-1], prompt)),
    "bos": ("template (the prompts begin with a token", lambda ids, prompt: _nll(ids[1:], prompt - 1)),
    "dtype": ("dtype", lambda ids, prompt: _nll(ids, prompt) + 0.03 * (len(ids) - prompt)),
    "weights": ("checkpoint", lambda ids, prompt: 0.01 * (len(ids) - prompt)),
    "prompts": ("template or checkpoint", lambda ids, prompt: 3 * _nll(ids, prompt)),
}


@pytest.mark.parametrize("case", CAUSES)
def test_the_cause_is_named(case: str) -> None:
    """A difference beyond the tolerance is exit 64, and the message says what most likely differs."""
    expected, sampler = CAUSES[case]
    vocabulary = 2 if case == "weights" else VOCABULARY
    recorded = [sampler(tokens, prompt) for tokens, prompt in _documents()]
    with pytest.raises(BadInput, match="step-0 guard") as caught:
        guard.check(_corpus(recorded), _score, tolerance=0.02, vocabulary=vocabulary, budget=10_000)
    assert str(caught.value).split("likely cause: ")[1].startswith(expected)


def test_agreement_is_recorded() -> None:
    """What was compared goes into the manifest."""
    facts = _check([_nll(tokens, prompt) for tokens, prompt in _documents()])
    assert facts["guard"] == "passed"
    assert facts["guard_nll"] == pytest.approx(facts["guard_nll_expected"])


def test_a_sampler_without_numbers_is_recorded_not_guessed() -> None:
    """Where no log-probability was recorded, the manifest says that nothing was compared."""
    assert "no record" in str(_check([math.nan] * 30)["guard"])


@pytest.mark.parametrize(
    ("ours", "theirs", "holds"), [(1.0, 1.019, True), (1.0, 1.021, False), (10.0, 10.049, True), (math.nan, 1.0, False)]
)
def test_the_tolerance_is_absolute_for_small_and_relative_for_large_values(
    ours: float, theirs: float, *, holds: bool
) -> None:
    """0.02 nats, or half a percent of the mean where that is more; NaN never agrees."""
    assert guard.compare(ours, theirs, 0.02).holds is holds
