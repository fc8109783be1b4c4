"""The mathematics of one decode setting, on a batch of logits.

Temperature first, then top-k, then top-p renormalised inside the top-k survivors. Ties at the k-th place all
survive; at least one token always does. A draw inverts the cumulative distribution at a number that depends on
the request's seed and the position only, so that a sample is the same whoever shares its batch and however often
the process was killed before it was drawn.
"""

from collections.abc import Sequence

import numpy as np
import torch

from ssd_jobs.contract import Decode

__all__ = ["draw", "draw_among_best", "probabilities", "uniforms"]

SPARE = 44
"""How many more tokens than top-k are looked at, since all that tie with the last of them survive."""
GOLDEN = np.uint64(0x9E3779B97F4A7C15)


def probabilities(logits: torch.Tensor, decode: Decode) -> torch.Tensor:
    """Return the distribution that is sampled from, one row per row of logits; at temperature 0 all on the best."""
    if decode.temperature == 0:
        return torch.nn.functional.one_hot(logits.argmax(-1), logits.shape[-1]).float()
    scores = logits.float() / decode.temperature
    if 0 < decode.top_k < scores.shape[-1]:
        least = scores.topk(decode.top_k, dim=-1).values[..., -1:]
        scores = scores.masked_fill(scores < least, float("-inf"))
    if decode.top_p < 1:
        ascending, places = scores.sort(dim=-1)
        dropped = _dropped(ascending, decode.top_p)
        scores = scores.masked_fill(dropped.scatter(-1, places, dropped), float("-inf"))
    return scores.softmax(-1)


def draw_among_best(logits: torch.Tensor, decode: Decode, numbers: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor]:
    """Return what `draw` returns, and per row whether it is sure; without a sort of the whole vocabulary.

    Only the tokens around the k-th place are looked at, in the order of the vocabulary, so that the cumulative
    distribution has the same steps. A row is unsure when more tokens tie there than that.
    """
    width = min(decode.top_k + SPARE, logits.shape[-1])
    best, tokens = (logits.float() / decode.temperature).topk(width, dim=-1)
    least = best[:, min(decode.top_k, width) - 1, None]
    sure = best[:, -1] < least[:, 0] if width < logits.shape[-1] else torch.ones_like(numbers, dtype=torch.bool)
    scores = best.masked_fill(best < least, float("-inf"))
    if decode.top_p < 1:
        scores = scores.masked_fill(_dropped(scores.flip(-1), decode.top_p).flip(-1), float("-inf"))
    tokens, order = tokens.sort(dim=-1)
    return tokens.gather(1, _place(scores.softmax(-1).gather(1, order), numbers)[:, None]).squeeze(1), sure


def draw(logits: torch.Tensor, decode: Decode, numbers: torch.Tensor) -> torch.Tensor:
    """Return one token per row, at these numbers in [0, 1) of the cumulative distribution."""
    if decode.temperature == 0:
        return logits.argmax(-1)
    return _place(probabilities(logits, decode), numbers)


def _dropped(ascending: torch.Tensor, top_p: float) -> torch.Tensor:
    """Return which of the ascending scores top-p leaves out; the best one stays."""
    dropped = ascending.softmax(-1).cumsum(-1) <= 1 - top_p
    dropped[..., -1] = False
    return dropped


def _place(shares: torch.Tensor, numbers: torch.Tensor) -> torch.Tensor:
    """Return where each row's cumulative distribution passes its number, which is never at a share of 0."""
    weights = shares.double()
    cumulative = weights.cumsum(-1)
    places = torch.searchsorted(cumulative, numbers[:, None] * cumulative[:, -1:], right=True).squeeze(-1)
    last = weights.shape[-1] - 1 - (weights > 0).flip(-1).int().argmax(-1)
    return places.minimum(last)


def uniforms(seeds: Sequence[int], positions: Sequence[int]) -> torch.Tensor:
    """Return a number in [0, 1) for each pair of a seed and a position: splitmix64, the same everywhere."""
    state = np.array(seeds, dtype=np.uint64) + (np.array(positions, dtype=np.uint64) + np.uint64(1)) * GOLDEN
    state = (state ^ (state >> np.uint64(30))) * np.uint64(0xBF58476D1CE4E5B9)
    state = (state ^ (state >> np.uint64(27))) * np.uint64(0x94D049BB133111EB)
    state ^= state >> np.uint64(31)
    return torch.from_numpy((state >> np.uint64(11)).astype(np.float64) / 2.0**53)
