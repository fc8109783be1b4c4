"""Student's distribution: how many standard errors an interval reaches when its own width is an estimate.

With t = √n tan θ the density is cos θ to the power n - 1, so a quantile is read off one running sum. It is tabulated
over 1/n, in which it is smooth down to the normal distribution at 0.
"""

from functools import cache
from statistics import NormalDist

import numpy as np
from numpy.typing import ArrayLike, NDArray

__all__ = ["reach"]

ANGLES = 20_001
INVERSES = 101


def reach(confidence: float, degrees: ArrayLike) -> NDArray[np.float64]:
    """Return the standard errors from the estimate to an end of its two-sided interval; of at least 1 degree."""
    inverses, reaches = _table(confidence)
    found: NDArray[np.float64] = np.interp(1 / np.asarray(degrees, dtype=np.float64), inverses, reaches)
    return found


@cache
def _table(confidence: float) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Return the reach over 1/n, for n from 1 to infinity."""
    inverses = np.linspace(0, 1, INVERSES)
    angles = np.linspace(0, np.pi / 2, ANGLES)
    reaches = [NormalDist().inv_cdf((1 + confidence) / 2)]
    for inverse in inverses[1:]:
        density = np.cos(angles) ** (1 / inverse - 1)
        within = np.concatenate([[0.0], np.cumsum(density[1:] + density[:-1])])
        reaches.append(np.tan(np.interp(confidence, within / within[-1], angles)) / np.sqrt(inverse))
    return inverses, np.array(reaches)
