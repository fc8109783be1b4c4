"""The step-0 guard: is this the model, the prompt, the mask and the precision that the samples came from?

The sampler recorded the raw log-probability of every completion. The same number under the model about to be trained
must agree. When it does not, the usual suspects are tried one by one, so that the message names one.
"""

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from ssd_jobs.errors import BadInput
from ssd_jobs.stages.train import nll
from ssd_jobs.stages.train.corpus import Corpus
from ssd_jobs.stages.train.nll import Document

__all__ = ["Agreement", "check", "compare"]

Score = Callable[[Sequence[Document]], npt.NDArray[np.float64]]
RECORDS = 64
DTYPE_FACTOR = 5.0
"""A difference below this many tolerances, alike on all records, looks like rounding."""


@dataclass(frozen=True)
class Agreement:
    """Two mean NLLs per loss token, and how far apart they may be."""

    ours: float
    theirs: float
    tolerance: float

    @property
    def holds(self) -> bool:
        """Whether they agree; NaN never does."""
        return abs(self.ours - self.theirs) <= self.tolerance

    def facts(self, prefix: str) -> dict[str, Any]:
        """Return what the manifest records."""
        return {
            f"{prefix}_nll": self.ours,
            f"{prefix}_nll_expected": self.theirs,
            f"{prefix}_nll_tolerance": self.tolerance,
        }


def compare(ours: float, theirs: float, tolerance: float) -> Agreement:
    """Allow the given tolerance or 0.5 % of the expected mean, whichever is larger."""
    return Agreement(ours, theirs, max(tolerance, 0.005 * abs(theirs)))


def check(corpus: Corpus, score: Score, *, tolerance: float, vocabulary: int, budget: int) -> dict[str, Any]:
    """Compare a sample of the records with what the sampler recorded; refuse to train when they differ."""
    records = [r for r in nll.chosen(corpus, count=RECORDS, tokens=8 * budget) if _known(corpus, r)]
    if not records:
        return {"guard": "no record carries the sampler's log-probability"}
    documents = [(corpus.document(record), int(corpus.prompt_lengths[record])) for record in records]
    tokens = float(corpus.loss_lengths[records].sum())
    recorded = -corpus.logprob_sums[records]
    sums = score(documents)
    agreement = compare(float(sums.sum()) / tokens, float(recorded.sum()) / tokens, tolerance)
    if agreement.holds:
        return {"guard": "passed", "guard_records": len(records), **agreement.facts("guard")}
    roomy = [i for i, (ids, prompt) in enumerate(documents) if prompt >= 2 and len(ids) - prompt >= 2]
    cause = (roomy and _undone([documents[i] for i in roomy], recorded[roomy], score, agreement.tolerance)) or _judged(
        (sums - recorded) / corpus.loss_lengths[records], agreement, vocabulary
    )
    raise BadInput(
        f"step-0 guard: {len(records)} stored completions have a mean NLL of {agreement.ours:.4f} under this model, and"
        f" had {agreement.theirs:.4f} when sampled (tolerance {agreement.tolerance:.4f}); likely cause: {cause}"
    )


def _known(corpus: Corpus, record: int) -> bool:
    """Whether the sampler recorded a number for this record."""
    return math.isfinite(corpus.logprob_sums[record])


def _undone(
    documents: Sequence[Document], recorded: npt.NDArray[np.float64], score: Score, tolerance: float
) -> str | None:
    """Name the mistake without which the records agree best, if they then agree one by one."""
    counts = np.array([len(ids) - prompt for ids, prompt in documents])
    distances = {
        cause: float(np.abs((score(variant) - recorded) / counts).mean()) for cause, variant in _variants(documents)
    }
    best = min(distances, key=distances.__getitem__)
    return best if distances[best] <= tolerance else None


def _judged(differences: npt.NDArray[np.float64], agreement: Agreement, vocabulary: int) -> str:
    """Judge by the size of each record's difference per token."""
    if float(np.abs(differences).max()) <= DTYPE_FACTOR * agreement.tolerance:
        return "dtype (all records differ a little: the sampler and the trainer compute in different precisions)"
    if agreement.ours > 0.5 * math.log(vocabulary) and agreement.ours > 2 * agreement.theirs:
        return "checkpoint (the model finds the completions nearly random: other weights than those that sampled)"
    return "template or checkpoint (the prompts or the weights are not those that sampled)"


def _variants(documents: Sequence[Document]) -> list[tuple[str, list[Document]]]:
    """Return the mistakes that can be undone; every document given is long enough for each."""
    return [
        (
            "mask (the sampler's sum does not cover the first loss token)",
            [(ids, prompt + 1) for ids, prompt in documents],
        ),
        (
            "mask (the sampler's sum covers one token more than the loss)",
            [(ids, prompt - 1) for ids, prompt in documents],
        ),
        (
            "mask (the sampler's sum does not cover the last token, such as the end of sequence)",
            [(ids[:-1], prompt) for ids, prompt in documents],
        ),
        (
            "template (the prompts begin with a token, such as BOS, that the sampler was not given)",
            [(ids[1:], prompt - 1) for ids, prompt in documents],
        ),
        (
            "template (the sampler began its prompts with a token that is missing here)",
            [(np.concatenate([ids[:1], ids]), prompt + 1) for ids, prompt in documents],
        ),
    ]
