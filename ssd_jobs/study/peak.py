"""Where scores peak over the effective temperature T_train x T_eval: a parabola with the interval of its peak.

The paper fits one to 50 cells (figure 3a). Its peak is a ratio of coefficients, so the interval is that of fits to the
cells drawn again; where one in forty of these has no peak, its end is open.
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

__all__ = ["Peak", "fit"]

DRAWS = 2000
FEWEST = 5
"""Cells, and three temperatures among them, below which a parabola is no finding."""
Floats = NDArray[np.float64]


@dataclass(frozen=True)
class Peak:
    """score = constant + slope x T + bend x T²."""

    constant: float
    slope: float
    bend: float
    r_squared: float
    peak: float | None
    """The temperature at which it is highest; None where it has no highest point."""
    low: float | None
    """The ends of its interval; None where it is open."""
    high: float | None
    cells: int

    def at(self, temperature: Floats) -> Floats:
        """Return the parabola's height."""
        return self.constant + self.slope * temperature + self.bend * temperature**2


def fit(temperatures: Sequence[float], scores: Sequence[float], *, confidence: float, seed: int = 0) -> Peak | None:
    """Fit by least squares; None for too few cells."""
    x, y = (np.array(each, dtype=np.float64) for each in (temperatures, scores))
    if x.size < FEWEST or np.unique(x).size < 3:
        return None
    constant, slope, bend = map(float, _coefficients(x, y))
    rest = y - (constant + slope * x + bend * x**2)
    spread = float(((y - y.mean()) ** 2).sum())
    low, high = _interval(x, y, confidence, np.random.default_rng(seed))
    return Peak(
        constant=constant,
        slope=slope,
        bend=bend,
        r_squared=1 - float((rest**2).sum()) / spread if spread else 1.0,
        peak=-slope / (2 * bend) if bend < 0 else None,
        low=low,
        high=high,
        cells=x.size,
    )


def _coefficients(x: Floats, y: Floats) -> Floats:
    """Return constant, slope and bend along the last axis, for one draw of the cells or many."""
    powers = np.stack([np.ones_like(x), x, x**2], axis=-1)
    square = powers.swapaxes(-1, -2) @ powers
    found: Floats = (np.linalg.pinv(square, hermitian=True) @ powers.swapaxes(-1, -2) @ y[..., None])[..., 0]
    return found


def _interval(x: Floats, y: Floats, confidence: float, rng: np.random.Generator) -> tuple[float | None, float | None]:
    """Return the ends of the peak's interval; a draw without a peak rises or falls throughout."""
    drawn = rng.integers(0, x.size, (DRAWS, x.size))
    _, slope, bend = np.moveaxis(_coefficients(x[drawn], y[drawn]), -1, 0)
    with np.errstate(divide="ignore", invalid="ignore"):
        peaks = np.where(bend < 0, -slope / (2 * bend), np.copysign(np.inf, slope))
    tail = (1 - confidence) / 2
    ends = np.quantile(peaks, [tail, 1 - tail], method="closest_observation")
    low, high = (float(end) if math.isfinite(end) else None for end in ends)
    return low, high
