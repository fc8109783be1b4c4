"""Experiments of any size with a known true gain, for laws about what is foreseen before one is run."""

from dataclasses import dataclass

import numpy as np

from populations import arms
from ssd_jobs.scoring import Scores
from ssd_jobs.scoring.base_rates import BaseRates

ROOM = sum(
    count * b / (a + b) for count, (a, b) in ((arms.PROBLEMS[name], arms.SHAPES[name]) for name in arms.PROBLEMS)
) / sum(arms.PROBLEMS.values())
"""How often the base fails, on all problems there could be."""
UNEVEN = 0.24
"""Of an uneven gain: a problem changes beside it by so many times 4 x rate x (1 - rate), up or down."""


@dataclass(frozen=True)
class Setting:
    """One experiment, to be drawn again and again."""

    gain: float
    samples: int = 10
    half: bool = False
    """Half of the window's problems are to select on."""
    uneven: bool = False

    @property
    def sizes(self) -> dict[str, int]:
        """The problems that are reported, by difficulty."""
        return {name: count // 2 if self.half else count for name, count in arms.PROBLEMS.items()}


def base(setting: Setting) -> tuple[BaseRates, ...]:
    """What is true of the base."""
    found = []
    for name, count in setting.sizes.items():
        a, b = arms.SHAPES[name]
        found.append(BaseRates(name, count, b / (a + b), b * (b + 1) / ((a + b) * (a + b + 1))))
    return tuple(found)


def change_sd(setting: Setting) -> float:
    """How unevenly problems truly change."""
    if not setting.uneven:
        return 0.0
    rng = np.random.default_rng(0)
    return float(np.sqrt(np.mean([_changes(_rates(setting, rng)[1]) ** 2 for _ in range(200)])))


def draw(setting: Setting, rng: np.random.Generator) -> tuple[Scores, Scores]:
    """Base and candidate in one experiment: the candidate mends the same share of failures everywhere."""
    names = tuple(name for name, count in setting.sizes.items() for _ in range(count))
    rates, better = _rates(setting, rng)
    if setting.uneven:
        better = better + rng.choice([-1, 1], better.size) * _changes(better)
    one, other = (arms.scores(each, rng, samples=setting.samples, names=names) for each in (rates, better))
    return one, other


def _rates(setting: Setting, rng: np.random.Generator) -> tuple[arms.Floats, arms.Floats]:
    drawn = [rng.beta(*arms.SHAPES[name], size=count) for name, count in setting.sizes.items()]
    rates = np.concatenate(drawn)
    return rates, rates + setting.gain / ROOM * (1 - rates)


def _changes(rates: arms.Floats) -> arms.Floats:
    changes: arms.Floats = UNEVEN * 4 * rates * (1 - rates)
    return changes
