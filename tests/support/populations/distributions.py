"""Strategies for finite distributions, supports and sampling settings.

Logits lie on a grid, so that no two tokens are so close that tempering makes them equal.
"""

import numpy as np
from hypothesis import strategies as st

from ssd_jobs.theory.distributions import Distribution, Support
from ssd_jobs.theory.target import Sampling

temperatures = st.floats(0.25, 4.0)
samplings = st.builds(Sampling, temperature=temperatures, k=st.integers(0, 8), mass=st.floats(0.05, 1.0))
truncations = st.builds(Sampling, temperature=st.just(1.0), k=st.integers(0, 8), mass=st.floats(0.05, 1.0))


def softmax(logits: Distribution) -> Distribution:
    """The distribution of these logits."""
    weights: Distribution = np.exp(logits - logits.max())
    weights /= weights.sum()
    return weights


@st.composite
def distributions(draw: st.DrawFn, size: int = 8) -> Distribution:
    """A distribution with full support."""
    logits = np.array(draw(st.lists(st.integers(-60, 60), min_size=size, max_size=size))) / 10
    return softmax(logits)


@st.composite
def supports(draw: st.DrawFn, size: int = 8) -> Support:
    """Any non-empty set of tokens."""
    first = draw(st.integers(0, size - 1))
    chosen = draw(st.sets(st.integers(0, size - 1))) | {first}
    return np.isin(np.arange(size), list(chosen))
