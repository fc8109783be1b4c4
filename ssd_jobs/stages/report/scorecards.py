"""Scorecards: the candidate's and the base's from the verdicts that decide, and the champion's from the registry."""

from pydantic import ValidationError

from ssd_jobs.contract import Arm, BenchmarkReport, Gate, ReportConfig
from ssd_jobs.scoring import champion
from ssd_jobs.scoring.gate import Check
from ssd_jobs.scoring.panel import Baseline
from ssd_jobs.scoring.scorecard import BenchmarkCard, Scorecard
from ssd_jobs.stages.report.evidence import Evidence
from ssd_jobs.tracking import Champion

__all__ = ["compared", "scorecard", "window"]

WINDOW_DIGITS = 16


def scorecard(config: ReportConfig, evidence: Evidence, arm: Arm = "Candidate") -> Scorecard:
    """Return what an arm did on every benchmark that was evaluated for both."""
    found = (_card(config, benchmark, evidence, arm) for benchmark in config.benchmarks)
    return Scorecard(format=1, benchmarks=tuple(card for card in found if card is not None))


def window(benchmark: BenchmarkReport, own: Scorecard) -> str:
    """Return the identity of what a look is at: the tests, whatever the benchmark is called."""
    card = own.of(benchmark.name)
    assert card is not None
    return card.tests[:WINDOW_DIGITS] or f"{benchmark.name}.{benchmark.window}"


def compared(config: ReportConfig, rule: Gate, own: Scorecard, found: Champion, confidence: float) -> Check:
    """Compare the candidate with the champion, or say why that is not possible or not wanted."""
    if rule.champion == "Ignore":
        return champion.ignored(found.version)
    version = champion.champion(found.version)
    if not found.scorecard:
        return champion.incomparable(version, found.trouble)
    try:
        theirs = Scorecard.model_validate_json(found.scorecard).of(rule.benchmark)
    except ValidationError:
        return champion.incomparable(version, "has scores in a format that this release does not read")
    if theirs is None:
        return champion.incomparable(version, f"was not evaluated on {rule.benchmark}")
    ours = own.of(rule.benchmark)
    assert ours is not None
    science = config.science
    return champion.judge(
        rule,
        ours,
        theirs,
        version,
        confidence=confidence,
        replicates=science.bootstrap_replicates,
        seed=science.seed,
    )


def _card(config: ReportConfig, benchmark: BenchmarkReport, evidence: Evidence, arm: Arm) -> BenchmarkCard | None:
    """Return what an arm did on one benchmark, where the arms were compared on it."""
    mode = benchmark.grading[0]
    panel = evidence.panels.get((benchmark.name, mode))
    if panel is None or not panel.paired:
        return None
    setting = panel.setting(arm, panel.nearest(_baseline(config)))
    scores = panel.evaluations[arm, setting]
    decode = next(each.decode for each in benchmark.evaluations if (each.arm, each.setting) == (arm, setting))
    grader = evidence.graders[benchmark.name, arm, setting, mode]
    return BenchmarkCard(
        benchmark=benchmark.name,
        window=benchmark.window,
        tests=grader.tests,
        grader=grader.facts,
        decode=decode,
        samples=scores.samples,
        right={problem: int(right) for problem, right in zip(scores.problem_ids, scores.right, strict=True)},
    )


def _baseline(config: ReportConfig) -> Baseline:
    """Return at which settings the arms are compared: as the gate says, else at the chosen ones."""
    promotion = config.science.promotion
    return promotion.gate.baseline if promotion and promotion.gate else "BestDecode"
