"""Two arms with known true pass rates, as scores, for laws about intervals and the gate."""

from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray

from ssd_jobs import contract
from ssd_jobs.scoring import Panel, Scores

PROBLEMS = {"easy": 31, "medium": 39, "hard": 61}
"""The split of LiveCodeBench v6, February to May 2025."""

SHAPES = {"easy": (2.4, 0.6), "medium": (0.9, 1.7), "hard": (0.5, 3.0)}
"""Beta distributions of pass rates with means like those of a small model."""

SAMPLES = 10
Floats = NDArray[np.float64]


def difficulties() -> tuple[str, ...]:
    """The difficulty of each problem."""
    return tuple(name for name, count in PROBLEMS.items() for _ in range(count))


def rates(rng: np.random.Generator) -> Floats:
    """True pass rates of the base, one per problem."""
    return np.concatenate([rng.beta(*SHAPES[name], size=count) for name, count in PROBLEMS.items()])


def gain(rates: Floats, wanted: float, inside: Callable[[str], bool] = lambda _name: True) -> Floats:
    """True pass rates that are better by `wanted` on average inside some difficulties, within 0 and 1."""
    chosen = np.array([inside(name) for name in difficulties()])
    room = np.where(chosen, rates if wanted < 0 else 1 - rates, 0.0)
    share = wanted * chosen.sum() / room.sum()
    assert abs(share) <= 1
    better: Floats = rates + share * room
    return better


def scores(
    rates: Floats, rng: np.random.Generator, *, samples: int = SAMPLES, names: tuple[str, ...] | None = None
) -> Scores:
    """One draw of an evaluation."""
    return counted(rng.binomial(samples, rates), samples=samples, names=difficulties() if names is None else names)


def counted(right: NDArray[np.int64], *, samples: int, names: tuple[str, ...]) -> Scores:
    """An evaluation with this many right samples on each problem."""
    size = len(names)
    return Scores(
        problem_ids=tuple(f"p{i:04d}" for i in range(size)),
        difficulty=names,
        right=right,
        samples=samples,
        variety=np.ones(size),
        truncated=np.zeros(size),
        completion_tokens=size * samples,
        verdicts={"pass": int(right.sum())},
    )


def panel(
    base: Scores,
    candidate: Scores,
    *,
    replicates: int = 1000,
    name: str = "lcb",
    chosen: tuple[Scores, Scores] | None = None,
) -> Panel:
    """A panel of two arms at their fixed settings, and of both at a setting that was chosen for each."""
    evaluations: dict[tuple[contract.Arm, str], Scores] = {
        ("Base", "base"): base,
        ("Candidate", "candidate"): candidate,
    }
    if chosen:
        evaluations |= {("Base", "cold"): chosen[0], ("Candidate", "hot"): chosen[1]}
    return Panel(
        name=name,
        evaluations=evaluations,
        fixed={"Base": "base", "Candidate": "candidate"},
        chosen={"Base": "cold", "Candidate": "hot"} if chosen else {},
        replicates=replicates,
        seed=0,
    )
