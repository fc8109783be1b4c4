"""From evidence to a decision: judged by the gate, or skipped with the reason why it could not be judged."""

import shlex
from dataclasses import dataclass
from typing import Literal

from ssd_jobs.contract import Gate, ReportConfig
from ssd_jobs.scoring import Panel, gate
from ssd_jobs.stages.report.evidence import Evidence

__all__ = ["ReportDecision", "decide", "weights"]


@dataclass(frozen=True)
class ReportDecision:
    """What happens to the candidate, and why."""

    decision: Literal["Promoted", "Held", "Skipped"]
    reasons: tuple[str, ...]
    checks: tuple[gate.Check, ...] = ()
    register: bool = False
    """Whether there is a version to register, as champion or as challenger."""


def decide(config: ReportConfig, evidence: Evidence) -> ReportDecision:
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
        return ReportDecision("Skipped", ("the spec has no gate: registered as challenger",), register=True)
    panels, missing = _panels(config, promotion.gate, evidence)
    if missing:
        return ReportDecision("Skipped", tuple(f"the gate cannot judge: {each}" for each in missing))
    decision = gate.judge(promotion.gate, gate.GateInput(panels, canaries_passed=evidence.canaries_passed))
    verdict: Literal["Promoted", "Held"] = "Promoted" if decision.promote else "Held"
    return ReportDecision(verdict, decision.reasons, decision.checks, register=True)


def _panels(config: ReportConfig, rule: Gate, evidence: Evidence) -> tuple[dict[str, Panel], list[str]]:
    """Return the panels that the gate asks for, under the mode that decides, and what is missing."""
    found: dict[str, Panel] = {}
    missing: list[str] = []
    deciding = {each.name: each.grading[0] for each in config.benchmarks}
    for name in (rule.benchmark, *(guard.benchmark for guard in rule.guards)):
        panel = evidence.panels.get((name, deciding[name])) if name in deciding else None
        if panel is None or not panel.paired:
            missing.append(f"benchmark {name} was not evaluated for both arms")
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
