"""The unbiased pass@k of Chen et al. (2021): 1 - C(n - c, k) / C(n, k).

The plug-in 1 - (1 - c/n)^k is too low for every 0 < c < n; this one is not, because it averages over all ways of
choosing k of the n samples that exist.
"""

from math import comb, lgamma

import numpy as np
from numpy.typing import NDArray

from ssd_jobs.errors import BadInput

__all__ = ["noise_table", "pass_at_k", "pass_table", "plug_in_table"]


def pass_at_k(n: int, c: int, k: int) -> float:
    """Return the chance that at least one of k samples is right, given that c of n are."""
    if not 0 <= c <= n:
        raise ValueError(f"{c} right samples of {n}")
    if not 1 <= k <= n:
        raise BadInput(f"pass@{k} needs at least {k} samples per problem, and there are {n}: raise samplesPerProblem")
    return 1.0 - comb(n - c, k) / comb(n, k)


def pass_table(n: int, k: int) -> NDArray[np.float64]:
    """Return pass@k for every number of right samples, 0 to n."""
    return np.array([pass_at_k(n, c, k) for c in range(n + 1)])


def plug_in_table(n: int, k: int) -> NDArray[np.float64]:
    """Return what pass@k is on average when the n samples are themselves drawn again with replacement."""
    right: NDArray[np.float64] = np.arange(n + 1) / n
    return 1.0 - (1.0 - right) ** k


def noise_table(n: int, k: int) -> NDArray[np.float64]:
    """Return the variance of pass@k that comes from drawing n samples, for every number of right ones; without bias for
    k = 1. A single sample shows no variance."""
    variance = np.zeros(n + 1)
    if n > 1:
        table, again = pass_table(n, k), np.arange(n + 1)
        ways = np.array([lgamma(n + 1) - lgamma(j + 1) - lgamma(n - j + 1) for j in again])
        share = again[1:n, None] / n
        chances = np.exp(ways + again * np.log(share) + (n - again) * np.log(1 - share))
        variance[1:n] = (chances @ table**2 - (chances @ table) ** 2) * n / (n - 1)
    return variance
