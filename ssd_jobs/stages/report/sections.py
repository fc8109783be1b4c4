"""The benchmarks of the document: both arms, their comparisons, and how decode settings were chosen."""

from collections.abc import Iterable
from typing import get_args

import numpy as np
from numpy.typing import NDArray

from ssd_jobs.contract import Arm, BenchmarkReport, Choice, Decode, Evaluation, Grading, ReportConfig
from ssd_jobs.scoring import ALL, Interval, Panel, Replicated
from ssd_jobs.scoring.panel import Baseline, Variety
from ssd_jobs.stages.report.document import (
    ArmResult,
    BenchmarkSection,
    BestSetting,
    Comparison,
    Number,
    SelectSection,
    VarietyResult,
)
from ssd_jobs.stages.report.evidence import Evidence

__all__ = ["sections"]


def sections(config: ReportConfig, evidence: Evidence, confidence: float) -> Iterable[BenchmarkSection]:
    """Return every benchmark under every grading mode that was evaluated."""
    for benchmark in config.benchmarks:
        for mode in benchmark.grading:
            if (benchmark.name, mode) in evidence.panels:
                yield _panel(benchmark, mode, evidence, confidence)


def _panel(benchmark: BenchmarkReport, mode: Grading, evidence: Evidence, confidence: float) -> BenchmarkSection:
    scored, decides = evidence.panels[benchmark.name, mode], mode == benchmark.grading[0]
    compared = [each for each in get_args(Baseline) if scored.compares(each)]
    any_scores = next(iter(scored.evaluations.values()))
    return BenchmarkSection(
        benchmark=benchmark.name,
        window=benchmark.window,
        mode=mode,
        decides=decides,
        problems={stratum: int(any_scores.within(stratum).size) for stratum in scored.strata},
        samples=benchmark.samples_per_problem,
        k=benchmark.k,
        arms=_arms(scored, benchmark.evaluations, benchmark.k, confidence),
        comparisons=tuple(_comparison(scored, baseline, benchmark.k, confidence) for baseline in compared),
        select=_select(benchmark, scored, evidence, confidence) if decides else None,
        scatter=tuple(_scatter(scored, compared[-1])) if compared else (),
    )


def _arms(
    scored: Panel, evaluations: Iterable[Evaluation], ks: Iterable[int], confidence: float
) -> tuple[ArmResult, ...]:
    """Return both arms at each of their settings, the fixed ones first."""
    decodes = {(each.arm, each.setting): each.decode for each in evaluations}
    places = [(arm, setting) for arm in get_args(Arm) for setting in scored.settings(arm)]
    return tuple(_arm(scored, place, decodes[place], ks=ks, confidence=confidence) for place in places)


def _arm(scored: Panel, place: tuple[Arm, str], decode: Decode, *, ks: Iterable[int], confidence: float) -> ArmResult:
    arm, setting = place
    scores = scored.evaluations[arm, setting]
    return ArmResult(
        arm=arm,
        setting=setting,
        decode=decode,
        fixed=scored.fixed.get(arm) == setting,
        chosen=scored.chosen.get(arm) == setting,
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


def _select(benchmark: BenchmarkReport, scored: Panel, evidence: Evidence, confidence: float) -> SelectSection | None:
    """Return how the settings were chosen, if any was to be."""
    panel = evidence.select_panels.get(benchmark.name)
    if benchmark.select is None or panel is None:
        return None
    any_scores = next(iter(panel.evaluations.values()))
    return SelectSection(
        benchmark=benchmark.select.benchmark,
        problems={stratum: int(any_scores.within(stratum).size) for stratum in panel.strata},
        arms=_arms(panel, benchmark.select.evaluations, benchmark.k, confidence),
        best=tuple(
            _best(selection, scored, confidence)
            for (name, _), selection in evidence.selections.items()
            if name == benchmark.name
        ),
        same_setting={
            k: {each: _difference(panel.at_equal_settings(k=k, stratum=each), confidence) for each in panel.strata}
            for k in benchmark.k
        }
        if panel.shared_settings
        else {},
    )


def _best(selection: Choice, scored: Panel, confidence: float) -> BestSetting:
    """Return what the choice is worth where nobody chose."""
    [chosen] = (each for each in selection.tried if each.name == selection.chosen)
    there = (selection.arm, selection.chosen) in scored.evaluations
    return BestSetting(
        arm=selection.arm,
        setting=chosen.name,
        decode=chosen.decode,
        settings=len(selection.tried),
        k=selection.k,
        select=chosen.value,
        report=_level(scored.at(selection.arm, chosen.name, k=selection.k), confidence) if there else None,
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


def _scatter(scored: Panel, baseline: Baseline) -> Iterable[tuple[str, str, float, float]]:
    base, candidate = (scored.scores(arm, baseline) for arm in get_args(Arm))
    for i, name in enumerate(base.problem_ids):
        yield (
            name,
            base.difficulty[i],
            float(base.right[i] / base.samples),
            float(candidate.right[i] / candidate.samples),
        )


def _level(found: Replicated, confidence: float) -> Number:
    interval = found.interval(confidence)
    return Number(value=interval.value, low=max(0.0, interval.low), high=min(1.0, interval.high), p=None)


def _difference(found: Replicated, confidence: float) -> Number:
    interval: Interval = found.interval(confidence)
    return Number(value=interval.value, low=interval.low, high=interval.high, p=interval.p)


def _share(gain: float, base: float) -> float | None:
    return gain / base if base > 0 else None
