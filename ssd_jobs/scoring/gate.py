"""The promotion gate: what must hold before a model replaces another, and every reason with its numbers.

Pure: panels in, decision out. A condition about a drop asks for both, that the drop is significant and that it is
larger than allowed: noise alone does not hold a model back, and neither does a certain but tolerable loss. A gain must
be shown by enough problems: on few of them a bootstrap is surer than it may be. Every condition is judged and
recorded, also after one has failed.
"""

import math
from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from ssd_jobs import contract
from ssd_jobs.scoring import ALL, Interval, Panel
from ssd_jobs.scoring.formatting import percent, points

__all__ = ["Check", "Decision", "GateInput", "judge"]

DIVERSITY_K = 5


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

    promote: bool
    checks: tuple[Check, ...]

    @property
    def reasons(self) -> tuple[str, ...]:
        """What holds it back, or, when nothing does, what was shown."""
        return tuple(check.text for check in self.checks if check.passed == self.promote)


@dataclass(frozen=True)
class GateInput:
    """What the gate looks at: each benchmark under its deciding grading mode, both arms in each."""

    panels: Mapping[str, Panel]
    canaries_passed: bool


def judge(gate: contract.Gate, evidence: GateInput) -> Decision:
    """Judge every condition."""
    checks = tuple(_checks(gate, evidence))
    return Decision(all(check.passed for check in checks), checks)


def k_of(metric: str) -> int:
    """Return the k of `pass@k`."""
    return int(metric.removeprefix("pass@"))


def _checks(gate: contract.Gate, evidence: GateInput) -> Iterator[Check]:
    panel = evidence.panels[gate.benchmark]
    yield _gain(gate, panel)
    if gate.baseline == "Fixed" and len(panel.settings("Base")) > 1:
        yield _unjudged(gate, panel)
    for stratum in panel.strata:
        if stratum != ALL:
            yield _stratum(gate, panel, stratum)
    if gate.pass_at_5:
        yield _diversity(gate, panel)
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


def _gain(gate: contract.Gate, panel: Panel) -> Check:
    """The lower end of the gain must lie above the least gain that is asked for, and enough problems must show it."""
    k = k_of(gate.metric)
    found = panel.delta(gate.baseline, k=k).interval(gate.confidence)
    differing, needed = panel.differing(gate.baseline, k=k), _enough(gate.confidence)
    passed = found.low > gate.min_gain
    versus = "the base at its best decode setting" if gate.baseline == "BestDecode" else "the base"
    verdict = "is above" if passed else "is not above"
    text = (
        f"{gate.benchmark} {gate.metric} {_points(found)} against {versus}: {points(found.low)} {verdict} "
        f"{points(gate.min_gain)}"
    )
    if passed and differing < needed:
        text += f", but only {differing} problems differ where {needed} are needed"
    numbers = _numbers(found, limit=gate.min_gain) | {"differing": differing}
    return Check("gain", passed and differing >= needed, text, numbers)


def _enough(confidence: float) -> int:
    """Return how many problems must differ: fewer could all have the same sign by chance more often than is allowed."""
    return math.ceil(1 - math.log2(1 - confidence))


def _unjudged(gate: contract.Gate, panel: Panel) -> Check:
    """What decoding alone would have gained is said even where the gate does not ask."""
    found = panel.delta("BestDecode", k=k_of(gate.metric)).interval(gate.confidence)
    text = f"not judged: {_points(found)} against the base at its best decode setting"
    return Check("gain/best-decode", passed=True, text=text, numbers=_numbers(found, limit=gate.min_gain))


def _stratum(gate: contract.Gate, panel: Panel, stratum: str) -> Check:
    found = panel.delta(gate.baseline, k=k_of(gate.metric), stratum=stratum).interval(gate.confidence)
    what = f"{gate.benchmark} {gate.metric} on {stratum} problems"
    return _drop(f"difficulty/{stratum}", what, found, gate.max_difficulty_drop)


def _guard(gate: contract.Gate, guard: contract.Guard, panel: Panel) -> Check:
    found = panel.delta(gate.baseline, k=k_of(guard.metric)).interval(gate.confidence)
    return _drop(f"guard/{guard.benchmark}", f"guard {guard.benchmark} {guard.metric}", found, guard.max_drop)


def _drop(name: str, what: str, found: Interval, allowed: float) -> Check:
    """A drop counts when it is significant and larger than allowed."""
    failed = found.high < 0 and found.value < -allowed
    text = f"{what} {_points(found)}: " + (
        f"a significant drop of more than {percent(allowed)}" if failed else "no significant drop beyond the limit"
    )
    return Check(name, not failed, text, _numbers(found, limit=-allowed))


def _diversity(gate: contract.Gate, panel: Panel) -> Check:
    """Sharpening that costs diversity shows here first."""
    samples = min(scores.samples for scores in panel.evaluations.values())
    if samples < DIVERSITY_K:
        text = f"pass@5 cannot be judged with {samples} samples per problem: raise samplesPerProblem or unset passAt5"
        return Check("pass@5", False, text, {"samples": samples})
    found = panel.delta(gate.baseline, k=DIVERSITY_K).interval(gate.confidence)
    failed = found.high < 0
    verdict = "significantly worse" if failed else "not significantly worse"
    return Check("pass@5", not failed, f"{gate.benchmark} pass@5 {_points(found)}: {verdict}", _numbers(found, limit=0))


def _truncation(gate: contract.Gate, panel: Panel) -> Check:
    """More truncation than the base has is tolerated up to a share; what the base does too is not held against it."""
    base, candidate = panel.scores("Base"), panel.scores("Candidate")
    ours, theirs = float(candidate.truncated.mean()), float(base.truncated.mean())
    failed = ours > gate.max_truncated_share and ours > theirs
    text = (
        f"{ours:.1%} of the candidate's generations were cut at the token limit, {theirs:.1%} of the base's; "
        f"{gate.max_truncated_share:.1%} are allowed"
    )
    numbers = {"candidate": ours, "base": theirs, "limit": gate.max_truncated_share}
    return Check("truncation", not failed, text, numbers)


def _infra(evidence: GateInput) -> Check:
    """A sample that was never judged is no evidence in either direction."""
    errors = sum(scores.infra_errors for panel in evidence.panels.values() for scores in panel.evaluations.values())
    text = f"{errors} samples without a verdict" + ("; run grade again" if errors else "")
    return Check("infra_errors", errors == 0, text, {"infra_errors": errors})


def _numbers(found: Interval, *, limit: float) -> dict[str, float]:
    return {"delta": found.value, "low": found.low, "high": found.high, "p": found.p, "limit": limit}


def _points(found: Interval) -> str:
    """Return a difference in percentage points with its interval."""
    return f"{points(found.value)} [{points(found.low)}, {points(found.high)}]"
