"""Each condition of the gate alone holds a candidate back, and says so with its numbers."""

import re
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
MANY_UNREAD = GATE.model_copy(update={"pass_at_5": False})


def decide(
    base: Scores = BASE,
    candidate: Scores = BETTER,
    guard: Scores = BASE,
    rule: contract.Gate = GATE,
    canaries: bool = True,
    chosen: tuple[Scores, Scores] | None = None,
) -> gate.Decision:
    """Judge one case."""
    panels = {
        "lcb": arms.panel(base, candidate, replicates=200, chosen=chosen),
        "humaneval": arms.panel(BASE, guard, replicates=200, name="humaneval"),
    }
    return gate.judge(rule, gate.GateInput(panels, canaries_passed=canaries))


def guarded(base: Scores, candidate: Scores, allowed: float) -> gate.Check:
    """Judge one guard."""
    guard = contract.Guard(benchmark="humaneval", metric="pass@1", max_drop=allowed)
    panels = {
        "lcb": arms.panel(BASE, BETTER, replicates=200),
        "humaneval": arms.panel(base, candidate, name="humaneval"),
    }
    rule = GATE.model_copy(update={"guards": (guard,)})
    decision = gate.judge(rule, gate.GateInput(panels, canaries_passed=True))
    return next(check for check in decision.checks if check.name == "guard/humaneval")


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
        ({"candidate": fixed(10, 2), "rule": MANY_UNREAD}, "difficulty/hard", ": below −2.0"),
        ({"guard": fixed(4, 1)}, "guard/humaneval", "more than 10.0 is lost"),
        ({"candidate": replace(BETTER, truncated=np.full(SIZE, 0.06))}, "truncation", "6.0 % of the candidate's"),
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


def test_a_gain_that_was_not_shown_comes_with_the_power_to_show_it() -> None:
    """Held on its gain, a candidate is told what the problems and samples at hand would have shown."""
    (check, *_) = decide(candidate=BASE).checks
    assert re.search(
        r"; 40 problems x 10 samples show a gain of \d+\.\d in 80% of runs, one of 3\.3 in \d+%$", check.text
    )
    assert 0 < check.numbers["power"] < 0.8
    assert check.numbers["detectable"] > 0.033
    assert "of runs" not in decide().checks[0].text


def test_the_report_half_of_131_problems_is_too_small_for_a_small_gain() -> None:
    """With 131 select and report problems in all, a gain of 3.3 points is shown less often than in 60 %."""
    rng = np.random.default_rng(0)
    half = np.arange(131) % 2 == 0
    names = tuple(np.array(arms.difficulties())[half])
    rates = arms.rates(rng)
    base, candidate = (arms.scores(each[half], rng, names=names) for each in (rates, arms.gain(rates, 0.01)))
    panels = {"lcb": arms.panel(base, candidate)}
    rule = GATE.model_copy(update={"guards": ()})
    (check, *_) = gate.judge(rule, gate.GateInput(panels, canaries_passed=True)).checks
    assert check.numbers["power"] < 0.6
    assert (
        f"66 problems x 10 samples show a gain of {100 * check.numbers['detectable']:.1f} in 80% of runs" in check.text
    )


@pytest.mark.parametrize("baseline", ["Fixed", "BestDecode"])
@pytest.mark.parametrize(("problems", "enough"), [(1, False), (2, False), (5, False), (6, True), (9, True)])
def test_few_problems_prove_no_gain(problems: int, enough: bool, baseline: str) -> None:
    """Where a fair coin would fall on one side each time in more than 5 % of experiments, all right against all wrong
    is no proof."""
    drawn = arms.scores(np.full(20, 0.5), np.random.default_rng(0), names=("",) * 20)
    differs = np.arange(20) < problems
    base, candidate = (replace(drawn, right=np.where(differs, right, 5)) for right in (0, 10))
    panel = arms.panel(base, candidate, replicates=200, chosen=(base, candidate))
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


@pytest.mark.parametrize(
    ("dropped", "passes"), [(0, True), (3, True), (4, False), (8, False)], ids=["none", "1.5", "2.0", "4.0"]
)
def test_a_difficulty_holds_by_its_estimate(dropped: int, passes: bool) -> None:
    """A loss on the hard problems that is larger than allowed holds, however uncertain it is; a smaller one passes."""
    right = np.concatenate([BETTER.right[:20], BASE.right[20:] - (np.arange(20) < dropped)])
    check = next(
        each
        for each in decide(candidate=replace(BETTER, right=right), rule=MANY_UNREAD).checks
        if each.name == "difficulty/hard"
    )
    assert check.numbers["high"] > 0
    assert check.passed is passes


@pytest.mark.parametrize(
    ("problems", "samples", "allowed", "words"),
    [
        (164, 10, 0.03, ""),
        (164, 1, 0.03, r"by 164 problems x 1 samples; about \d+ samples per problem would do, \d+ more than now"),
        (131, 4, 0.01, r"by 131 problems x 4 samples; about \d+ samples per problem would do, \d+ more than now"),
        (164, 10, 0.0, r"is not excluded; only a proven gain would do"),
    ],
)
def test_a_guard_that_cannot_see_holds(problems: int, samples: int, allowed: float, words: str) -> None:
    """An unchanged candidate passes a guard with enough samples, and another guard says how many are missing."""
    rng = np.random.default_rng(5)
    rates = rng.beta(3, 0.5, problems)
    base, candidate = (arms.scores(rates, rng, names=("",) * problems, samples=samples) for _ in range(2))
    check = guarded(base, candidate, allowed)
    assert check.passed is (words == "")
    assert re.search(words, check.text), check.text


def test_the_samples_that_a_guard_asks_for_suffice() -> None:
    """With the samples that it asked for, a guard acquits an unchanged candidate in about the 80 % it promises."""
    rng = np.random.default_rng(3)
    rates = rng.beta(3, 0.5, 164)
    few, more = (arms.scores(rates, rng, names=("",) * 164, samples=2) for _ in range(2))
    found = re.search(r"about (\d+) samples per problem", guarded(few, more, 0.03).text)
    assert found
    passed = []
    for _ in range(60):
        pair = [arms.scores(rates, rng, names=("",) * 164, samples=int(found[1])) for _ in range(2)]
        passed.append(guarded(pair[0], pair[1], 0.03).passed)
    assert 0.65 <= np.mean(passed) <= 0.95


def test_a_guard_whose_problems_are_too_few_asks_for_problems() -> None:
    """Where the true changes themselves differ from problem to problem, more samples are not what is missing."""
    rng = np.random.default_rng(2)
    rates = np.full(40, 0.5)
    moved = rates + np.where(np.arange(40) % 2, 0.45, -0.45)
    base, candidate = (arms.scores(each, rng, names=("",) * 40, samples=50) for each in (rates, moved))
    assert re.search(r"more samples cannot do it, about \d{3,} problems would", guarded(base, candidate, 0.03).text)


@pytest.mark.parametrize(("problems", "passes"), [(5, False), (71, False), (72, True)])
def test_a_guard_without_doubt_needs_problems(problems: int, passes: bool) -> None:
    """Where all samples of both arms are right, nothing but the number of problems says what may have gone unseen."""
    right = arms.scores(np.ones(problems), np.random.default_rng(0), names=("",) * problems, samples=1)
    check = guarded(right, right, 0.05)
    assert check.passed is passes
    assert ("more samples cannot do it, 72 problems would" in check.text) is not passes


@pytest.mark.parametrize("share", [0.0, 0.2, 0.6])
def test_what_the_base_truncates_too_is_not_held_against_the_candidate(share: float) -> None:
    """A thinking model whose base is cut as often as the candidate passes, however often that is."""
    base, better = (replace(each, truncated=np.full(SIZE, share)) for each in (BASE, BETTER))
    assert decide(base=base, candidate=better).promote


def test_noise_in_truncation_is_no_evidence() -> None:
    """A rise that may be twice as large as allowed holds, though its estimate is within the limit."""
    often = replace(BETTER, truncated=np.where(np.arange(SIZE) < 2, 0.8, 0.0))
    (failed,) = (check for check in decide(candidate=often).checks if not check.passed)
    assert failed.name == "truncation"
    assert failed.numbers["delta"] == pytest.approx(0.04)


def test_a_later_look_must_be_surer() -> None:
    """A gain that suffices at the first look does not at the tenth; what guards ask for stays the same."""
    slight = replace(BASE, right=BASE.right + 1)
    panels = {"lcb": arms.panel(BASE, slight, replicates=2000), "humaneval": arms.panel(BASE, BASE, name="humaneval")}
    first, tenth = (
        gate.judge(GATE, gate.GateInput(panels, canaries_passed=True, look=look)).checks for look in (1, 10)
    )
    assert (first[0].passed, tenth[0].passed) == (True, False)
    assert tenth[0].numbers["confidence"] == pytest.approx(0.9995)
    assert first[1:] == tenth[1:]


def test_a_gain_that_better_decoding_of_the_base_also_gives_is_held() -> None:
    """Best against best there is nothing left to promote, at the fixed settings there is."""
    best = GATE.model_copy(update={"baseline": "BestDecode"})
    chosen = (BETTER, BETTER)
    assert decide(chosen=chosen).promote
    assert not decide(rule=best, chosen=chosen).promote


def test_only_the_settings_that_were_chosen_elsewhere_count() -> None:
    """A further setting at which the candidate shines on these problems changes no decision and no number."""
    panel = arms.panel(BASE, BASE, replicates=200, chosen=(BASE, BASE))
    panel.evaluations["Candidate", "lucky"] = BETTER
    guard = arms.panel(BASE, BASE, replicates=200, name="humaneval")
    best = GATE.model_copy(update={"baseline": "BestDecode"})
    decision = gate.judge(best, gate.GateInput({"lcb": panel, "humaneval": guard}, canaries_passed=True))
    assert not decision.promote
    assert decision.checks[0].numbers["delta"] == 0
