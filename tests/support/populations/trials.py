"""Simulated experiments of the size of LiveCodeBench v6, and what the gate decides on each.

Every setting of an arm has the same true pass rates, which is where choosing the best of them is most dangerous.
"""

from collections.abc import Callable, Iterator

import numpy as np

from configs.gates import GATE
from populations import arms
from ssd_jobs import contract
from ssd_jobs.scoring import Scores, gate
from ssd_jobs.scoring.looks import confidence_at
from ssd_jobs.stages.select.stage import choose

RULE = GATE.model_copy(update={"guards": (), "baseline": "BestDecode"})
"""The gate with the spec's defaults for a benchmark with a sweep, without a guard."""
REPLICATES = 500
Rates = Callable[[arms.Floats], arms.Floats]
"""From the base's true pass rates to the candidate's."""


def better(points: float) -> Rates:
    """A candidate that is better by so many points on average, everywhere in proportion to the room there is."""
    return lambda rates: arms.gain(rates, points / 100)


def better_but(points: float, lost: float, difficulty: str) -> Rates:
    """One that is better by so many points overall, although it is worse by `lost` at one difficulty."""
    share = arms.PROBLEMS[difficulty] / len(arms.difficulties())
    elsewhere = (points + lost * share) / (1 - share)

    def rates_of(rates: arms.Floats) -> arms.Floats:
        worse = arms.gain(rates, -lost / 100, lambda name: name == difficulty)
        return arms.gain(worse, elsewhere / 100, lambda name: name != difficulty)

    return rates_of


def experiment(seed: int, true_rates: Rates, settings: int) -> tuple[Scores, Scores]:
    """What both arms do on report problems, each at the setting that was the best of so many on select problems."""
    rng = np.random.default_rng(seed)
    select, report = arms.rates(rng), arms.rates(rng)
    found = []
    for rates_of in (better(0), true_rates):
        tried = [_tried(number, arms.scores(rates_of(select), rng)) for number in range(settings)]
        found.append([arms.scores(rates_of(report), rng) for _ in range(settings)][int(choose(tuple(tried)).name)])
    return found[0], found[1]


def _tried(number: int, scores: Scores) -> contract.Tried:
    """A setting as `select` tries it."""
    decode = contract.Decode(temperature=number / 10, top_k=0, top_p=1.0)
    return contract.Tried(name=str(number), decode=decode, value=float(scores.right.mean() / scores.samples))


def promotes(base: Scores, candidate: Scores, *, rule: contract.Gate = RULE, look: int = 1) -> bool:
    """What the gate decides; its other conditions are not worked out where no gain is shown."""
    panel = arms.panel(base, candidate, replicates=REPLICATES, chosen=(base, candidate))
    if panel.delta(rule.baseline, k=1).interval(confidence_at(rule.confidence, look)).low <= rule.min_gain:
        return False
    return gate.judge(rule, gate.GateInput({"lcb": panel}, canaries_passed=True, look=look)).promote


def promoted(trials: int, true_rates: Rates, *, settings: int = 1, rule: contract.Gate = RULE) -> float:
    """How often candidates with these true rates are promoted."""
    found = [promotes(*experiment(seed, true_rates, settings), rule=rule) for seed in range(trials)]
    return float(np.mean(found))


def promoted_at_any_look(trials: int, looks: int) -> float:
    """How often any of so many unchanged candidates is promoted, one after another on the same problems."""
    return float(np.mean([any(_looks(seed, looks)) for seed in range(trials)]))


def _looks(seed: int, looks: int) -> Iterator[bool]:
    rng = np.random.default_rng(seed)
    rates = arms.rates(rng)
    base = arms.scores(rates, rng)
    for look in range(1, looks + 1):
        yield promotes(base, arms.scores(rates, rng), look=look)
