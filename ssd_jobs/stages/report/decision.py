"""From evidence to a decision: judged by the gate, or skipped with the reason why it could not be judged.

The registry is asked only when there is something to judge, because asking it is a look.
"""

import shlex
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Literal

from ssd_jobs.contract import Gate, ReportConfig
from ssd_jobs.scoring import Panel, gate
from ssd_jobs.scoring.looks import confidence_at
from ssd_jobs.scoring.panel import Baseline
from ssd_jobs.scoring.scorecard import Scorecard
from ssd_jobs.stages.report import roots, scorecards
from ssd_jobs.stages.report.document import Circumstances
from ssd_jobs.stages.report.evidence import Evidence
from ssd_jobs.tracking import Standing

__all__ = ["Ask", "ReportDecision", "decide", "weights"]

CONFIDENCE = 0.95
"""Of the intervals in a report without a gate."""
Ask = Callable[[str], Standing]
"""From the identity of a window to what the registry says; the look is recorded by that."""


@dataclass(frozen=True)
class ReportDecision:
    """What happens to the candidate, and why."""

    decision: Literal["Promoted", "Held", "Skipped"]
    reasons: tuple[str, ...]
    checks: tuple[gate.Check, ...] = ()
    register: bool = False
    """Whether there is a version to register, as champion or as challenger."""
    confidence: float = CONFIDENCE
    """Of the intervals of the gains that were judged, and of all that are shown."""
    circumstances: Circumstances | None = None
    """None where nothing was judged."""
    scorecard: Scorecard = field(default=Scorecard(format=1, benchmarks=()))


def decide(config: ReportConfig, evidence: Evidence, ask: Ask) -> ReportDecision:
    """Judge the candidate, if there is one and everything that the gate asks for was measured."""
    promotion = config.science.promotion
    if promotion is None:
        return ReportDecision("Skipped", ("the spec has no promotion",))
    lost = [stage for stage in config.execution.failed if not stage.optional]
    if lost:
        return ReportDecision("Skipped", tuple(f"{stage.name} failed: {stage.message}" for stage in lost))
    if not evidence.candidate_digest:
        return ReportDecision("Skipped", ("there is no candidate to register",))
    if promotion.gate is None:
        own = scorecards.scorecard(config, evidence)
        reason = "the spec has no gate: registered as challenger"
        return ReportDecision("Skipped", (reason,), register=True, scorecard=own)
    panels, missing = _panels(config, promotion.gate, evidence)
    if missing:
        return ReportDecision("Skipped", tuple(f"the gate cannot judge: {each}" for each in missing))
    return _judge(config, promotion.gate, evidence, panels, ask)


def _judge(config: ReportConfig, rule: Gate, evidence: Evidence, panels: dict[str, Panel], ask: Ask) -> ReportDecision:
    """Judge the candidate at the confidence of this look, against base, champion and the root of its rounds."""
    own = scorecards.scorecard(config, evidence)
    benchmark = next(each for each in config.benchmarks if each.name == rule.benchmark)
    standing = ask(scorecards.window(benchmark, own))
    confidence = confidence_at(rule.confidence, standing.look)
    seen = gate.GateInput(panels, canaries_passed=evidence.canaries_passed, look=standing.look)
    checks = gate.judge(rule, seen).checks
    champion = standing.champion
    if champion is not None:
        # Beside the gain over the base, because a result holds the first few reasons only.
        checks = (checks[0], scorecards.compared(config, rule, own, champion, confidence), *checks[1:])
    if evidence.root is not None and config.science.round is not None and config.science.round.number > 1:
        checks = (checks[0], roots.judged(config, rule, own, evidence.root, confidence), *checks[1:])
    decision = gate.Decision(checks)
    circumstances = Circumstances(
        look=standing.look,
        window=f"{benchmark.name} {benchmark.window}".strip(),
        champion=champion.version if champion else "",
    )
    verdict: Literal["Promoted", "Held"] = "Promoted" if decision.promote else "Held"
    return ReportDecision(
        verdict,
        (
            decision.reasons[0],
            *_about(circumstances, confidence),
            *_chosen(config.science.chosen_among),
            *decision.reasons[1:],
        ),
        checks,
        register=True,
        confidence=confidence,
        circumstances=circumstances,
        scorecard=own,
    )


def _about(found: Circumstances, confidence: float) -> tuple[str, ...]:
    """Return what is said of a look that is not the first: it had to be surer."""
    if found.look == 1:
        return ()
    return (f"look {found.look} at {found.window}: a gain must be shown at {100 * confidence:.4g} %",)


def _chosen(runs: int | None) -> tuple[str, ...]:
    """Return what is said of a candidate that is the best of several: on which problems it was, which are not these."""
    return () if runs is None else (f"the candidate is the best of {runs} runs of a sweep on select problems",)


def _panels(config: ReportConfig, rule: Gate, evidence: Evidence) -> tuple[dict[str, Panel], list[str]]:
    """Return the panels that the gate asks for, under the mode that decides, and what is missing."""
    found: dict[str, Panel] = {}
    missing: list[str] = []
    deciding = {each.name: each.grading[0] for each in config.benchmarks}
    asked: list[tuple[str, Baseline]] = [(rule.benchmark, rule.baseline)]
    for name, baseline in asked + [(guard.benchmark, "Fixed") for guard in rule.guards]:
        panel = evidence.panels.get((name, deciding[name])) if name in deciding else None
        if panel is None or not panel.paired:
            missing.append(f"benchmark {name} was not evaluated for both arms")
        elif not panel.compares(baseline):
            missing.append(f"benchmark {name} was not evaluated at a chosen decode setting of each arm")
        else:
            found[name] = panel
    return found, missing


def weights(config: ReportConfig, outcome: ReportDecision) -> str:
    """Return a sentence about where a person gets the candidate's weights."""
    promotion = config.science.promotion
    if not config.candidate:
        return ""
    if promotion is None or not outcome.register:
        return f"{config.candidate} in the workspace; not registered"
    if promotion.upload_weights:
        alias = promotion.alias if outcome.decision == "Promoted" else promotion.challenger_alias
        version = shlex.quote(f"models:/{promotion.registered_model}@{alias}")
        return f"mlflow artifacts download --artifact-uri {version}"
    if not promotion.claim:
        return f"{config.candidate} in the workspace on this machine; MLflow holds no weights (tag weights=external)"
    return (
        f"{config.candidate} on claim {promotion.claim}: mount the claim in a pod and serve that path, or copy it with "
        f"kubectl cp; MLflow holds no weights (tag weights=external)"
    )
