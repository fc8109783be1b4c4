"""The promotion gate: what must hold before a model replaces another, and every reason with its numbers.

Pure: panels in, decision out. That nothing was found is no evidence that there is nothing. So a gain must be shown, by
enough problems, since on few of them a bootstrap is surer than it may be. A guard must show that no more than its limit
is lost, and one that is too small to show it holds. Difficulties and pass@5, which are parts and other readings of the
deciding benchmark and too small for a proof, hold by their estimate. Every condition is judged and recorded, also after
one has failed.
"""

import math
from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from ssd_jobs import contract
from ssd_jobs.scoring import ALL, Interval, Panel, power
from ssd_jobs.scoring.formatting import percent, points
from ssd_jobs.scoring.looks import confidence_at

__all__ = ["Check", "Decision", "GateInput", "enough", "judge", "k_of", "numbers_of", "too_few", "with_interval"]

MANY = 5
"""The k of what `passAt5` looks at."""
PAPER_GAIN = 0.033
"""A small gain of the paper (table 1, Qwen3-4B-Thinking): a held report says how likely it would have been shown."""


@dataclass(frozen=True)
class Check:
    """One condition, as it was judged."""

    name: str
    passed: bool
    text: str
    """One clause for a person, with the numbers."""
    numbers: dict[str, float]


@dataclass(frozen=True)
class Decision:
    """Whether the candidate may be promoted, and every reason."""

    checks: tuple[Check, ...]

    @property
    def promote(self) -> bool:
        """Whether every condition holds."""
        return all(check.passed for check in self.checks)

    @property
    def reasons(self) -> tuple[str, ...]:
        """What holds it back, or, when nothing does, what was shown."""
        return tuple(check.text for check in self.checks if check.passed == self.promote)


@dataclass(frozen=True)
class GateInput:
    """What the gate looks at: each benchmark under its deciding grading mode, both arms in each."""

    panels: Mapping[str, Panel]
    canaries_passed: bool
    look: int = 1
    """The how-manieth candidate this is on the deciding benchmark's problems."""


def judge(gate: contract.Gate, evidence: GateInput) -> Decision:
    """Judge every condition."""
    return Decision(tuple(_checks(gate, evidence)))


def k_of(metric: str) -> int:
    """Return the k of `pass@k`."""
    return int(metric.removeprefix("pass@"))


def _checks(gate: contract.Gate, evidence: GateInput) -> Iterator[Check]:
    panel = evidence.panels[gate.benchmark]
    yield _gain(gate, panel, confidence_at(gate.confidence, evidence.look))
    if gate.baseline == "Fixed" and panel.compares("BestDecode"):
        yield _unjudged(gate, panel)
    for stratum in panel.strata:
        if stratum != ALL:
            yield _stratum(gate, panel, stratum)
    if gate.pass_at_5:
        yield _pass_at_5(gate, panel)
    yield _truncation(gate, panel)
    for guard in gate.guards:
        yield _guard(gate, guard, evidence.panels[guard.benchmark])
    yield _infra(evidence)
    yield Check(
        "canaries",
        evidence.canaries_passed,
        "the grader gave every canary the right verdict"
        if evidence.canaries_passed
        else "no proof that the grader gave its canaries the right verdicts; run grade again",
        {},
    )


def _gain(gate: contract.Gate, panel: Panel, confidence: float) -> Check:
    """The lower end of the gain must lie above the least gain that is asked for, and enough problems must show it."""
    k = k_of(gate.metric)
    found = panel.delta(gate.baseline, k=k).interval(confidence)
    differing, needed = panel.differing(gate.baseline, k=k), enough(confidence)
    passed = found.low > gate.min_gain
    versus = "the base, each at its chosen decode setting" if gate.baseline == "BestDecode" else "the base"
    verdict = "is above" if passed else "is not above"
    text = (
        f"{gate.benchmark} {gate.metric} {with_interval(found)} against {versus}: {points(found.low)} {verdict} "
        f"{points(gate.min_gain)}"
    )
    size = power.comparison(*panel.pair(gate.baseline), k=k)
    detectable = gate.min_gain + size.detectable(confidence)
    likely = size.power(PAPER_GAIN - gate.min_gain, confidence)
    if not passed:
        text += (
            f"; {size.problems} problems x {size.samples} samples show a gain of {percent(detectable)} in "
            f"{power.POWER:.0%} of runs, one of {percent(PAPER_GAIN)} in {likely:.0%}"
        )
    elif differing < needed:
        text += too_few(differing, needed)
    numbers = numbers_of(found, limit=gate.min_gain) | {"differing": differing, "confidence": confidence}
    numbers |= {"detectable": detectable, "power": likely}
    return Check("gain", passed and differing >= needed, text, numbers)


def too_few(differing: int, needed: int) -> str:
    """Return what is said, after an interval that lies above its limit, of too few problems that show it."""
    return f", but only {differing} problems differ where {needed} are needed"


def enough(confidence: float) -> int:
    """Return how many problems must differ: fewer could all have the same sign by chance more often than is allowed."""
    return math.ceil(1 - math.log2(1 - confidence))


def _unjudged(gate: contract.Gate, panel: Panel) -> Check:
    """What it is at the chosen settings is said even where the gate does not ask."""
    found = panel.delta("BestDecode", k=k_of(gate.metric)).interval(gate.confidence)
    text = f"not judged: {with_interval(found)} against the base, each at its chosen decode setting"
    return Check("gain/best-decode", passed=True, text=text, numbers=numbers_of(found, limit=gate.min_gain))


def _stratum(gate: contract.Gate, panel: Panel, stratum: str) -> Check:
    """A difficulty's estimate must not lie below what may be lost there."""
    found = panel.delta(gate.baseline, k=k_of(gate.metric), stratum=stratum).interval(gate.confidence)
    what = f"{gate.benchmark} {gate.metric} on {stratum} problems"
    return _estimate(f"difficulty/{stratum}", what, found, gate.max_difficulty_drop)


def _pass_at_5(gate: contract.Gate, panel: Panel) -> Check:
    """Pass@5 must not be bought away: a model that only sharpens shows it here first."""
    samples = min(scores.samples for scores in panel.evaluations.values())
    if samples < MANY:
        text = f"pass@5 cannot be judged with {samples} samples per problem: raise samplesPerProblem or unset passAt5"
        return Check("pass@5", False, text, {"samples": samples})
    found = panel.delta(gate.baseline, k=MANY).interval(gate.confidence)
    return _estimate("pass@5", f"{gate.benchmark} pass@5", found, gate.max_pass_at_5_drop)


def _estimate(name: str, what: str, found: Interval, allowed: float) -> Check:
    """Judge a loss by its estimate."""
    passed = found.value >= -allowed
    text = f"{what} {with_interval(found)}: {'not ' if passed else ''}below {points(-allowed)}"
    return Check(name, passed, text, numbers_of(found, limit=-allowed))


def _guard(gate: contract.Gate, guard: contract.Guard, panel: Panel) -> Check:
    """The interval must show that no more than allowed is lost; where no setting is chosen, at the fixed ones."""
    k, baseline = k_of(guard.metric), panel.nearest(gate.baseline)
    found = panel.delta(baseline, k=k).interval(gate.confidence)
    size = power.comparison(*panel.pair(baseline), k=k)
    allowed = guard.max_drop
    blind = panel.uncertain(baseline, k=k) < enough(gate.confidence) and size.problems < _seen(gate, allowed)
    passed = found.low > -allowed and not blind
    if passed:
        verdict = f"a loss of {percent(allowed)} is excluded"
    elif found.high < -allowed:
        verdict = f"more than {percent(allowed)} is lost"
    else:
        verdict = f"a loss of {percent(allowed)} is not excluded" + _missing(gate, size, allowed, blind=blind)
    text = f"guard {guard.benchmark} {guard.metric} {with_interval(found)}: {verdict}"
    return Check(f"guard/{guard.benchmark}", passed, text, numbers_of(found, limit=-allowed))


def _missing(gate: contract.Gate, size: power.ComparisonSize, allowed: float, *, blind: bool) -> str:
    """Return what a guard lacks to acquit a candidate that lost nothing; nothing where it has the power to."""
    if allowed == 0:
        return "; only a proven gain would do"
    here = f" by {size.problems} problems x {size.samples} samples"
    if blind:
        return f"{here}; more samples cannot do it, {_seen(gate, allowed)} problems would"
    if size.power(allowed, gate.confidence) >= power.POWER:
        return ""
    samples, problems = (find(allowed, gate.confidence) for find in (size.samples_for, size.problems_for))
    if samples is None:
        return f"{here}; more samples cannot do it, about {problems} problems would"
    return f"{here}; about {samples} samples per problem would do, {samples - size.samples} more than now"


def _seen(gate: contract.Gate, allowed: float) -> int:
    """Return how many problems there must be so that of those that are lost altogether one is surely among them.

    Where hardly any problem is uncertain, an interval has nothing to measure its own width by, and this must do.
    """
    if allowed in (0, 1):
        return 1
    return math.ceil(math.log((1 - gate.confidence) / 2) / math.log(1 - allowed))


def _truncation(gate: contract.Gate, panel: Panel) -> Check:
    """The interval must show that the candidate is not cut much more often than the base, however often that is."""
    base, candidate = panel.pair(gate.baseline)
    found = panel.truncation(gate.baseline).interval(gate.confidence)
    passed = found.high <= gate.max_truncated_share
    text = (
        f"{percent(float(candidate.truncated.mean()))} % of the candidate's generations were cut at the token limit, "
        f"{percent(float(base.truncated.mean()))} % of the base's: {with_interval(found)} is "
        f"{'' if passed else 'not '}within {points(gate.max_truncated_share)}"
    )
    return Check("truncation", passed, text, numbers_of(found, limit=gate.max_truncated_share))


def _infra(evidence: GateInput) -> Check:
    """A sample that was never judged is no evidence in either direction."""
    errors = sum(scores.infra_errors for panel in evidence.panels.values() for scores in panel.evaluations.values())
    text = f"{errors} samples without a verdict" + ("; run grade again" if errors else "")
    return Check("infra_errors", errors == 0, text, {"infra_errors": errors})


def numbers_of(found: Interval, *, limit: float) -> dict[str, float]:
    """Return what is recorded of a difference and its limit."""
    return {"delta": found.value, "low": found.low, "high": found.high, "p": found.p, "limit": limit}


def with_interval(found: Interval) -> str:
    """Return a difference in percentage points with its interval."""
    return f"{points(found.value)} [{points(found.low)}, {points(found.high)}]"
