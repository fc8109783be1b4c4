"""Computing the document: every number of the report, once."""

from collections.abc import Iterable

import numpy as np
from numpy.typing import NDArray

from ssd_jobs.contract import BenchmarkReport, Decode, FailedStage, Grading, ReportConfig
from ssd_jobs.scoring import ALL, Interval, Panel, Replicated, gate
from ssd_jobs.scoring.panel import Arm, Baseline, Variety
from ssd_jobs.stages.report import cost, training_data
from ssd_jobs.stages.report.decision import ReportDecision
from ssd_jobs.stages.report.document import (
    ArmResult,
    BenchmarkSection,
    CheckResult,
    Comparison,
    Disagreement,
    Document,
    Number,
    VarietyResult,
)
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
        confidence=confidence,
        replicates=config.science.bootstrap_replicates,
        panels=tuple(_panels(config, evidence, confidence)),
        disagreements=tuple(_disagreements(evidence)),
        stages=tuple(cost.stages(evidence.stages)),
        failed={stage.name: _failure(stage) for stage in config.execution.failed},
        notes=tuple(evidence.notes),
        candidate=config.candidate,
        candidate_digest=evidence.candidate_digest,
        weights=weights,
        training=training_data.read(config, evidence),
        samples=tuple(evidence.samples),
    )


def _failure(stage: FailedStage) -> str:
    """Return why a stage failed, and what follows from it where that is nothing."""
    return (
        f"{stage.message} (optional: neither the decision nor the run's end depends on it)"
        if stage.optional
        else stage.message
    )


def _panels(config: ReportConfig, evidence: Evidence, confidence: float) -> Iterable[BenchmarkSection]:
    """Return every benchmark under every grading mode that was evaluated."""
    for benchmark in config.benchmarks:
        for mode in benchmark.grading:
            if (benchmark.name, mode) in evidence.panels:
                yield _panel(benchmark, mode, evidence.panels[benchmark.name, mode], confidence)


def _panel(benchmark: BenchmarkReport, mode: Grading, scored: Panel, confidence: float) -> BenchmarkSection:
    decodes = {(each.arm, each.setting): each.decode for each in benchmark.evaluations}
    arms: tuple[Arm, ...] = ("Base", "Candidate")
    found = [
        _arm(scored, (arm, setting), decodes[arm, setting], ks=benchmark.k, confidence=confidence)
        for arm in arms
        for setting in scored.settings(arm)
    ]
    baselines: list[Baseline] = []
    if scored.paired:
        baselines = ["Fixed", "BestDecode"] if len(scored.settings("Base")) > 1 else ["Fixed"]
    any_scores = next(iter(scored.evaluations.values()))
    return BenchmarkSection(
        benchmark=benchmark.name,
        window=benchmark.window,
        mode=mode,
        decides=mode == benchmark.grading[0],
        problems={stratum: int(any_scores.within(stratum).size) for stratum in scored.strata},
        samples=benchmark.samples_per_problem,
        k=benchmark.k,
        arms=tuple(found),
        comparisons=tuple(_comparison(scored, baseline, benchmark.k, confidence) for baseline in baselines),
        scatter=tuple(_scatter(scored)) if scored.paired else (),
    )


def _arm(scored: Panel, place: tuple[Arm, str], decode: Decode, *, ks: Iterable[int], confidence: float) -> ArmResult:
    arm, setting = place
    scores = scored.evaluations[arm, setting]
    return ArmResult(
        arm=arm,
        setting=setting,
        decode=decode,
        fixed=scored.fixed.get(arm) == setting,
        pass_at={
            k: {each: _level(scored.at(arm, setting, k=k, stratum=each), confidence) for each in scored.strata}
            for k in ks
        },
        truncated=float(scores.truncated.mean()),
        variety=_mean(scores.variety),
        verdicts=dict(sorted(scores.verdicts.items())),
        completion_tokens=scores.completion_tokens,
        generations=len(scores.problem_ids) * scores.samples,
    )


def _comparison(scored: Panel, baseline: Baseline, ks: tuple[int, ...], confidence: float) -> Comparison:
    strata = scored.strata
    base = {k: {each: scored.base(baseline, k=k, stratum=each) for each in strata} for k in ks}
    delta = {k: {each: scored.delta(baseline, k=k, stratum=each) for each in strata} for k in ks}
    return Comparison(
        baseline=baseline,
        base={k: {name: _level(each, confidence) for name, each in row.items()} for k, row in base.items()},
        delta={k: {name: _difference(each, confidence) for name, each in row.items()} for k, row in delta.items()},
        relative={k: _share(delta[k][ALL].value, base[k][ALL].value) for k in ks},
        variety=_variety(scored.variety(baseline), confidence),
    )


def _variety(found: Variety | None, confidence: float) -> VarietyResult | None:
    if found is None:
        return None
    return VarietyResult(
        problems=found.problems,
        base=_level(found.base, confidence),
        candidate=_level(found.candidate, confidence),
        difference=_difference(found.candidate - found.base, confidence),
    )


def _mean(values: NDArray[np.float64]) -> float | None:
    """Return the mean over the problems that have a value, if any."""
    known = values[~np.isnan(values)]
    return float(known.mean()) if known.size else None


def _scatter(scored: Panel) -> Iterable[tuple[str, str, float, float]]:
    base, candidate = scored.scores("Base"), scored.scores("Candidate")
    for i, name in enumerate(base.problem_ids):
        yield (
            name,
            base.difficulty[i],
            float(base.right[i] / base.samples),
            float(candidate.right[i] / candidate.samples),
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


def _level(found: Replicated, confidence: float) -> Number:
    interval = found.interval(confidence)
    return Number(value=interval.value, low=max(0.0, interval.low), high=min(1.0, interval.high), p=None)


def _difference(found: Replicated, confidence: float) -> Number:
    interval: Interval = found.interval(confidence)
    return Number(value=interval.value, low=interval.low, high=interval.high, p=interval.p)


def _share(gain: float, base: float) -> float | None:
    return gain / base if base > 0 else None
