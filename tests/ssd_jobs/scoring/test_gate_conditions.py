"""Each condition of the gate alone holds a candidate back, and says so with its numbers."""

from dataclasses import replace

import numpy as np
import pytest

from configs.gates import GATE
from populations import arms
from ssd_jobs import contract
from ssd_jobs.scoring import Scores, gate
from ssd_jobs.scoring.formatting import points

SIZE = 40
NAMES = ("easy",) * 20 + ("hard",) * 20


def fixed(easy: int, hard: int, samples: int = 10) -> Scores:
    """An evaluation with this many right samples on every easy and every hard problem."""
    rates = np.repeat([easy, hard], 20) / samples
    drawn = arms.scores(rates, np.random.default_rng(0), names=NAMES, samples=samples)
    return replace(drawn, right=np.repeat([easy, hard], 20).astype(np.int64))


BASE = fixed(6, 3)
BETTER = fixed(8, 5)


def decide(
    base: Scores = BASE,
    candidate: Scores = BETTER,
    guard: Scores = BASE,
    rule: contract.Gate = GATE,
    canaries: bool = True,
    **sweep: Scores,
) -> gate.Decision:
    """Judge one case."""
    panels = {
        "lcb": arms.panel(base, candidate, replicates=200, sweep=sweep),
        "humaneval": arms.panel(BASE, guard, replicates=200, name="humaneval"),
    }
    return gate.judge(rule, gate.GateInput(panels, canaries_passed=canaries))


def test_a_clear_gain_is_promoted_and_every_condition_recorded() -> None:
    """When all holds, the decision is to promote and lists every condition."""
    decision = decide()
    assert decision.promote
    assert [check.name for check in decision.checks] == [
        "gain",
        "difficulty/easy",
        "difficulty/hard",
        "pass@5",
        "truncation",
        "guard/humaneval",
        "infra_errors",
        "canaries",
    ]
    assert decision.reasons[0].startswith("lcb pass@1 +20.0 [")


@pytest.mark.parametrize(
    ("case", "failing", "words"),
    [
        ({"candidate": BASE}, "gain", "is not above +0.0"),
        ({"rule": GATE.model_copy(update={"min_gain": 0.3})}, "gain", "is not above +30.0"),
        ({"candidate": fixed(10, 2)}, "difficulty/hard", "a significant drop of more than 2.0"),
        ({"guard": fixed(5, 2)}, "guard/humaneval", "a significant drop of more than 2.0"),
        ({"candidate": replace(BETTER, truncated=np.full(SIZE, 0.06))}, "truncation", "6.0% of the candidate's"),
        ({"candidate": replace(BETTER, verdicts={"infra_error": 3})}, "infra_errors", "3 samples without a verdict"),
        ({"canaries": False}, "canaries", "no proof that the grader"),
        ({"base": fixed(1, 1, 2), "candidate": fixed(2, 2, 2)}, "pass@5", "cannot be judged with 2 samples per"),
    ],
    ids=["no gain", "too little", "hard", "guard", "truncated", "infra", "canaries", "few samples"],
)
def test_one_failing_condition_holds_the_candidate(case: dict[str, object], failing: str, words: str) -> None:
    """A candidate that misses one condition is held, and the only reason given is that condition."""
    decision = decide(**case)  # type: ignore[arg-type]
    failed = [check for check in decision.checks if not check.passed]
    assert [check.name for check in failed] == [failing]
    assert words in failed[0].text
    assert decision.reasons == (failed[0].text,)


def test_reasons_and_report_write_a_number_alike() -> None:
    """A gain below zero has the same sign in the gate's reason as in the summary, the page and the figures."""
    (check, *_) = decide(candidate=fixed(5, 2)).checks
    assert points(check.numbers["delta"]) == "−10.0"
    assert f"lcb pass@1 −10.0 [{points(check.numbers['low'])}, {points(check.numbers['high'])}]" in check.text
    assert "-" not in check.text


@pytest.mark.parametrize("baseline", ["Fixed", "BestDecode"])
@pytest.mark.parametrize(("problems", "enough"), [(1, False), (2, False), (5, False), (6, True), (9, True)])
def test_few_problems_prove_no_gain(problems: int, enough: bool, baseline: str) -> None:
    """Where a fair coin would fall on one side each time in more than 5 % of experiments, all right against all wrong
    is no proof."""
    drawn = arms.scores(np.full(20, 0.5), np.random.default_rng(0), names=("",) * 20)
    differs = np.arange(20) < problems
    base, candidate = (replace(drawn, right=np.where(differs, right, 5)) for right in (0, 10))
    panel = arms.panel(
        base, candidate, replicates=200, sweep={"cold": replace(drawn, right=np.zeros(20, dtype=np.int64))}
    )
    rule = GATE.model_copy(update={"guards": (), "pass_at_5": False, "baseline": baseline})
    decision = gate.judge(rule, gate.GateInput({"lcb": panel}, canaries_passed=True))
    (gain, *_) = decision.checks
    assert gain.numbers["differing"] == problems
    assert decision.promote is (gain.numbers["low"] > 0 and enough)
    assert ("problems differ where 6 are needed" in gain.text) is (gain.numbers["low"] > 0 and not enough)


@pytest.mark.parametrize("size", range(1, 6))
def test_a_tiny_benchmark_promotes_nothing(size: int) -> None:
    """Without a problem that both arms answer alike the bootstrap has no doubt at all, and the gate has."""
    drawn = arms.scores(np.full(size, 0.5), np.random.default_rng(0), names=("",) * size)
    base, candidate = (replace(drawn, right=np.full(size, right)) for right in (0, 10))
    rule = GATE.model_copy(update={"guards": (), "pass_at_5": False})
    decision = gate.judge(rule, gate.GateInput({"lcb": arms.panel(base, candidate)}, canaries_passed=True))
    assert decision.checks[0].numbers["low"] == 1
    assert not decision.promote
    assert f"only {size} problems differ where 6 are needed" in decision.reasons[0]


def test_lost_diversity_is_held() -> None:
    """A model that answers half of the problems always and the others never has a better pass@1 and a worse pass@5."""
    right = np.where(np.arange(SIZE) % 2, 10, 0).astype(np.int64)
    decision = decide(base=fixed(3, 3), candidate=replace(BASE, right=right))
    assert [check.name for check in decision.checks if not check.passed] == ["pass@5"]


def test_what_the_base_truncates_too_is_not_held_against_the_candidate() -> None:
    """A truncation share above the limit passes when the base's is at least as large."""
    base, better = (replace(each, truncated=np.full(SIZE, 0.2)) for each in (BASE, BETTER))
    assert decide(base=base, candidate=better).promote


def test_a_gain_that_better_decoding_of_the_base_also_gives_is_held() -> None:
    """Against the base's best setting there is nothing left to promote, against its fixed one there is."""
    best = GATE.model_copy(update={"baseline": "BestDecode"})
    assert decide(cold=BETTER).promote
    assert not decide(rule=best, cold=BETTER).promote


def test_only_the_fixed_setting_of_the_candidate_counts() -> None:
    """A further setting at which the candidate shines changes no decision and no number."""
    panel = arms.panel(BASE, BASE, replicates=200)
    panel.evaluations["Candidate", "lucky"] = BETTER
    guard = arms.panel(BASE, BASE, replicates=200, name="humaneval")
    best = GATE.model_copy(update={"baseline": "BestDecode"})
    decision = gate.judge(best, gate.GateInput({"lcb": panel, "humaneval": guard}, canaries_passed=True))
    assert not decision.promote
    assert decision.checks[0].numbers["delta"] == 0
