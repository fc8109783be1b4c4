"""How often the gate promotes what it should and should not, on simulated experiments with known true pass rates.

    python benchmarks/gate.py                 200 experiments a line, about 4 minutes
    python benchmarks/gate.py --trials 1000

131 report problems (and 131 select problems where there is a choice of settings) with 10 samples, the difficulties of
LiveCodeBench v6, the spec's defaults. The second table shows what other limits for difficulties would do, the third
how often a guard acquits a candidate that did not change.
"""

import argparse
import sys
from pathlib import Path

import numpy as np

sys.path.insert(0, str(Path(__file__).parents[1] / "tests" / "support"))

from configs.gates import GUARD
from populations import arms, trials
from populations.trials import better, better_but, promoted
from ssd_jobs import contract
from ssd_jobs.scoring import Scores, gate

LIMITS = (0.01, 0.02, 0.025, 0.03, 0.04)
GUARD_RATES = (3.0, 0.5)
"""Of the beta distribution of pass rates on a guard: a mean of 0.86, about HumanEval's for a model of 4 B."""


def laws(count: int) -> None:
    """Print how often candidates are promoted, by what they truly are."""
    for settings in (1, 4, 10):
        for name, rates in (("unchanged", better(0)), ("+3.3", better(3.3)), ("+6", better(6))):
            print(f"{name}, {settings} settings: {promoted(count, rates, settings=settings):.3f}", flush=True)
    print(f"unchanged, any of 20 looks: {trials.promoted_at_any_look(count, 20):.3f}", flush=True)


def limits(count: int) -> None:
    """Print what a limit for difficulties lets pass of losses and of gains."""
    rule = trials.RULE.model_copy(update={"max_difficulty_drop": 1.0})
    cases = {"+3.3": better(3.3), "+6": better(6), "+6 but easy -4": better_but(6, 4, "easy")}
    cases |= {f"+6 but {name} -6": better_but(6, 6, name) for name in arms.PROBLEMS}
    for name, rates in cases.items():
        worst = np.array([_worst(trials.experiment(seed, rates, 1), rule) for seed in range(count)])
        shares = ", ".join(f"{limit:g}: {np.mean(worst >= -limit):.3f}" for limit in LIMITS)
        print(f"{name}, by maxDifficultyDrop {shares}", flush=True)


def _worst(pair: tuple[Scores, Scores], rule: contract.Gate) -> float:
    """Return the largest loss at a difficulty as estimated, -1 where something else holds the candidate."""
    panels = {"lcb": arms.panel(*pair, replicates=trials.REPLICATES, chosen=pair)}
    decision = gate.judge(rule, gate.GateInput(panels, canaries_passed=True))
    losses = [check.numbers["delta"] for check in decision.checks if check.name.startswith("difficulty/")]
    return min(losses) if decision.promote else -1.0


def guards(count: int) -> None:
    """Print how often a guard of 164 problems acquits a candidate that did not change."""
    for limit in (0.02, 0.03, 0.04, 0.05):
        for samples in (1, 4, 10):
            share = np.mean([_acquitted(seed, limit, samples) for seed in range(count)])
            print(f"guard of 164 problems x {samples}, maxDrop {limit:g}: {share:.3f}", flush=True)


def _acquitted(seed: int, limit: float, samples: int) -> bool:
    rng = np.random.default_rng(seed)
    rates = rng.beta(*GUARD_RATES, 164)
    base, same = (arms.scores(rates, rng, samples=samples, names=("",) * 164) for _ in range(2))
    panels = {
        "lcb": arms.panel(base, same, replicates=100),
        "humaneval": arms.panel(base, same, replicates=trials.REPLICATES, name="guard"),
    }
    rule = trials.RULE.model_copy(
        update={
            "baseline": "Fixed",
            "guards": (GUARD.model_copy(update={"max_drop": limit}),),
            "pass_at_5": False,
        }
    )
    checks = gate.judge(rule, gate.GateInput(panels, canaries_passed=True)).checks
    return next(check.passed for check in checks if check.name == "guard/humaneval")


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--trials", type=int, default=200)
    wanted = parser.parse_args().trials
    laws(wanted)
    limits(wanted)
    guards(wanted)
