"""Computing the document: every number of the report, once."""

from collections.abc import Iterable

from ssd_jobs.contract import FailedStage, ReportConfig
from ssd_jobs.scoring import gate
from ssd_jobs.stages.report import cost, roots, sections, training_data
from ssd_jobs.stages.report.decision import ReportDecision
from ssd_jobs.stages.report.document import CheckResult, Decisive, Disagreement, Document
from ssd_jobs.stages.report.evidence import Evidence

__all__ = ["build"]


def build(config: ReportConfig, evidence: Evidence, outcome: ReportDecision, *, weights: str) -> Document:
    """Return everything that the report says."""
    confidence = outcome.confidence
    return Document(
        format=1,
        experiment=config.experiment,
        key=config.key,
        decision=outcome.decision,
        register_candidate=outcome.register,
        reasons=outcome.reasons,
        checks=tuple(_check(each) for each in outcome.checks),
        circumstances=outcome.circumstances,
        decisive=_decisive(config),
        confidence=confidence,
        replicates=config.science.bootstrap_replicates,
        panels=tuple(sections.sections(config, evidence, confidence)),
        disagreements=tuple(_disagreements(evidence)),
        stages=tuple(cost.stages(evidence.stages)),
        failed={stage.name: _failure(stage) for stage in config.execution.failed},
        notes=tuple(evidence.notes),
        candidate=config.candidate,
        candidate_digest=evidence.candidate_digest,
        weights=weights,
        training=training_data.read(config, evidence),
        samples=tuple(evidence.samples),
        round=roots.section(config, evidence, confidence),
    )


def _decisive(config: ReportConfig) -> Decisive | None:
    promotion = config.science.promotion
    if promotion is None or promotion.gate is None:
        return None
    return Decisive(benchmark=promotion.gate.benchmark, baseline=promotion.gate.baseline)


def _failure(stage: FailedStage) -> str:
    """Return why a stage failed, and what follows from it where that is nothing."""
    return (
        f"{stage.message} (optional: neither the decision nor the run's end depends on it)"
        if stage.optional
        else stage.message
    )


def _disagreements(evidence: Evidence) -> Iterable[Disagreement]:
    """Compare the two grading modes wherever both judged the same samples."""
    for (benchmark, arm, setting, mode), process in evidence.verdicts.items():
        lcb = evidence.verdicts.get((benchmark, arm, setting, "LCB"))
        if mode != "Process" or lcb is None:
            continue
        both = process.keys() & lcb.keys()
        yield Disagreement(
            benchmark=benchmark,
            arm=arm,
            setting=setting,
            samples=len(both),
            process_only=sum(process[each] and not lcb[each] for each in both),
            lcb_only=sum(lcb[each] and not process[each] for each in both),
        )


def _check(check: gate.Check) -> CheckResult:
    return CheckResult(name=check.name, passed=check.passed, text=check.text, numbers=check.numbers)
