"""Whether an engine draws from the distribution that a decode setting means, by its own raw log-probabilities.

Engines bring several samplers, and which one is used depends on the device and on what is installed. One that
truncates in another order, or not at all, would make another experiment of the same file. So before it samples, the
first token after a fixed prompt is drawn a few hundred times and compared with what `decoding` says about the engine's
own raw distribution there. Batches differ in the last digits, so tokens about the edge of a truncation are excused.
"""

from collections import Counter
from collections.abc import Sequence

import numpy as np
import torch
from scipy.stats import binom, chi2

from ssd_jobs.contract import Decode
from ssd_jobs.engine import decoding

__all__ = ["DRAWS", "fault"]

DRAWS = 512
EDGE = 0.25
"""In nats: how far below the last survivor a token may lie and still be excused."""
IMPOSSIBLE = 1e-9
"""Once in so many sound engines would be refused: it is asked at each start of each shard of each run."""
LEAST_EXPECTED = 5.0


def fault(logprobs: Sequence[float], decode: Decode, drawn: Sequence[int]) -> str:
    """Return what is wrong with these draws from a distribution with these raw log-probabilities, or nothing."""
    raw = torch.tensor([logprobs], dtype=torch.float64)
    shares = decoding.probabilities(raw.float(), decode)[0].double().numpy()
    lowest = float(raw[0, torch.from_numpy(shares > 0)].min())
    outside = next((token for token in drawn if logprobs[token] < lowest - EDGE), None)
    if outside is not None:
        return f"it drew token {outside}, which temperature {decode.temperature:g}, {_truncation(decode)} excludes"
    chance = min(_chance(shares, Counter(drawn), len(drawn)), _chance_outside(raw, shares, decode, drawn))
    if chance < IMPOSSIBLE:
        return f"the shares of its draws are those of another distribution (p = {chance:.1e})"
    return ""


def _chance_outside(raw: torch.Tensor, shares: np.ndarray, decode: Decode, drawn: Sequence[int]) -> float:
    """Return how probable so many excused draws are, if rounding let in the most probable of the excluded tokens."""
    outside = sum(shares[token] == 0 for token in drawn)
    if not outside or decode.temperature == 0:
        return 1.0
    whole = (raw[0] / decode.temperature).softmax(-1).numpy()
    edge = whole[shares == 0].max() / whole[shares > 0].sum()
    return float(binom.sf(outside - 1, len(drawn), min(1.0, edge)))


def _truncation(decode: Decode) -> str:
    return f"top-k {decode.top_k}, top-p {decode.top_p:g}"


def _chance(shares: np.ndarray, counts: Counter[int], draws: int) -> float:
    """Return how probable counts so far from the expected ones are; rare tokens are one class together."""
    expected = shares * draws
    found = np.array([counts.get(token, 0) for token in range(len(shares))], dtype=np.float64)
    often = expected >= LEAST_EXPECTED
    wanted = np.append(expected[often], expected[~often].sum())
    got = np.append(found[often], found[~often].sum())
    kept = wanted >= LEAST_EXPECTED
    if kept.sum() < 2:
        return 1.0
    wanted, got = wanted[kept], got[kept]
    return float(chi2.sf(((got - wanted) ** 2 / wanted).sum(), len(wanted) - 1))
