"""Means over positions with intervals by problem: positions of one problem are not independent of each other.

Problems are drawn again with replacement, the same draws for everything that one `Resampling` is asked for, so that the
difference of two estimates is paired.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

__all__ = ["CONFIDENCE", "Resampled", "Resampling"]

Floats = npt.NDArray[np.float64]
CONFIDENCE = 0.95
BLOCK = 1 << 20
"""Drawn problems that are held at once."""


@dataclass(frozen=True)
class Resampled:
    """A number or a curve, and what it would have been on other draws of problems."""

    value: Floats
    replicates: Floats
    """(replicates, ...); NaN where a draw holds none of its positions."""

    def __sub__(self, other: "Resampled") -> "Resampled":
        """Return the difference, replicate by replicate."""
        return Resampled(self.value - other.value, self.replicates - other.replicates)

    @staticmethod
    def stack(rows: Sequence["Resampled"]) -> "Resampled":
        """Return several curves as one with rows."""
        return Resampled(np.stack([row.value for row in rows]), np.stack([row.replicates for row in rows], axis=1))

    def values(self) -> dict[str, Any]:
        """Return it with its interval, None where there is none."""
        tails = [(1 - CONFIDENCE) / 2, (1 + CONFIDENCE) / 2]
        missing = np.isnan(self.replicates)
        usable = ~missing.all(axis=0)
        # What has no gap is the rule, and nanquantile looks at every column by itself.
        quantile = np.nanquantile if missing.any() else np.quantile
        low, high = quantile(np.where(usable, self.replicates, 0.0), tails, axis=0)
        limits = {"low": np.where(usable, low, np.nan), "high": np.where(usable, high, np.nan)}
        return {name: _plain(each.tolist()) for name, each in ({"value": self.value} | limits).items()}


class Resampling:
    """Draws of the problems from which positions come."""

    def __init__(self, problem: npt.NDArray[np.int64], *, replicates: int, seed: int) -> None:
        self.problems = int(problem.max()) + 1
        self._problem = problem
        self._replicates = replicates
        self._seed = seed
        self._drawn: list[Floats] = []

    def mean(self, values: npt.NDArray[Any], rows: npt.NDArray[np.bool_]) -> Resampled:
        """Return the mean over some positions."""
        sums = np.zeros((self.problems, *values.shape[1:]))
        np.add.at(sums, self._problem[rows], values[rows])
        counts = np.bincount(self._problem[rows], minlength=self.problems).astype(np.float64)
        flat = sums.reshape(self.problems, -1)
        shape = values.shape[1:]
        with np.errstate(invalid="ignore"):
            drawn = [(weights @ flat) / (weights @ counts)[:, None] for weights in self._weights()]
            value = sums.sum(axis=0) / counts.sum()
        return Resampled(value, np.concatenate(drawn).reshape(self._replicates, *shape))

    def _weights(self) -> Iterator[Floats]:
        """Yield how often each problem is in a draw, some draws at a time, and always the same ones."""
        if self._replicates * self.problems > BLOCK:
            yield from self._draw()
            return
        self._drawn = self._drawn or list(self._draw())
        yield from self._drawn

    def _draw(self) -> Iterator[Floats]:
        """Yield the draws from the first one on."""
        rng = np.random.default_rng(self._seed)
        shares = np.full(self.problems, 1 / self.problems)
        rows = max(1, BLOCK // self.problems)
        for start in range(0, self._replicates, rows):
            size = min(rows, self._replicates - start)
            yield rng.multinomial(self.problems, shares, size=size).astype(np.float64)


def _plain(value: Any) -> Any:
    """Return a number or a list of them as JSON has them, None for what is none."""
    if isinstance(value, list):
        return [_plain(each) for each in value]
    return None if np.isnan(value) else value
