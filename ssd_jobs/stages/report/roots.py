"""The root of a chain of rounds: its scores, which the first round's report keeps, and the candidate against them.

Every later round reads that file, so that the root is generated and graded once, however many rounds there are.
"""

from collections.abc import Iterator
from pathlib import Path
from statistics import fmean

from pydantic import ValidationError

from ssd_jobs import artifacts
from ssd_jobs.contract import Gate, ReportConfig, files
from ssd_jobs.errors import BadInput
from ssd_jobs.scoring import champion, passk
from ssd_jobs.scoring.gate import Check
from ssd_jobs.scoring.scorecard import BenchmarkCard, RootCard, Scorecard
from ssd_jobs.stages.report import scorecards
from ssd_jobs.stages.report.document import AgainstRoot, Number, RoundSection
from ssd_jobs.stages.report.evidence import Evidence

__all__ = ["judged", "read", "section"]


def read(config: ReportConfig, evidence: Evidence, workspace: Path) -> RootCard | None:
    """Return the root and its scores: in the first round the base, else what that round kept; None outside a chain."""
    found = config.science.round
    if found is None:
        return None
    if not found.root_report:
        return RootCard(format=1, model=config.model, scorecard=scorecards.scorecard(config, evidence, "Base"))
    report = artifacts.open_artifact(workspace / found.root_report)
    report.verify([files.REPORT_ROOT])
    file = report.path / files.REPORT_ROOT
    try:
        return RootCard.model_validate_json(file.read_text(encoding="utf-8"))
    except ValidationError:
        raise BadInput(f"{file}: holds no scores that this release reads; {champion.ROOT.remedy}") from None


def judged(config: ReportConfig, rule: Gate, own: Scorecard, root: RootCard, confidence: float) -> Check:
    """Judge whether the candidate is shown to be better than the root."""
    ours, theirs = own.of(rule.benchmark), root.scorecard.of(rule.benchmark)
    if ours is None or theirs is None:
        return champion.incomparable(champion.ROOT, f"was not evaluated on {rule.benchmark}")
    science = config.science
    return champion.judge(
        rule,
        ours,
        theirs,
        champion.ROOT,
        confidence=confidence,
        replicates=science.bootstrap_replicates,
        seed=science.seed,
    )


def section(config: ReportConfig, evidence: Evidence, confidence: float) -> RoundSection | None:
    """Return what is said of the round, None outside a chain."""
    found, root = config.science.round, evidence.root
    if found is None or root is None:
        return None
    own, parent = scorecards.scorecard(config, evidence), _started_from(config, evidence)
    return RoundSection(
        number=found.number,
        parent=parent,
        root=found.root_digest or parent,
        against_root=tuple(_against(config, own, root.scorecard, confidence)),
    )


def _started_from(config: ReportConfig, evidence: Evidence) -> str:
    """Return the digest of what the round started from: of the export, or of the root that prepare made."""
    for stage in evidence.stages:
        if stage.artifact.path == config.model and stage.manifests:
            return str(stage.manifests[0].manifest.facts.get("export_digest", stage.manifests[0].digest))
    return ""


def _against(config: ReportConfig, own: Scorecard, root: Scorecard, confidence: float) -> Iterator[AgainstRoot]:
    """Yield the candidate against the root on every benchmark that both were measured on."""
    wanted = {each.name: each.k for each in config.benchmarks}
    for card in own.benchmarks:
        theirs = root.of(card.benchmark)
        if theirs is None or champion.mismatch(card, theirs, max(wanted[card.benchmark])):
            continue
        yield AgainstRoot(
            benchmark=card.benchmark,
            root={k: _mean(theirs, k) for k in wanted[card.benchmark]},
            delta={k: _difference(config, card, theirs, k, confidence) for k in wanted[card.benchmark]},
        )


def _mean(card: BenchmarkCard, k: int) -> float:
    """Return pass@k over all problems."""
    table = passk.pass_table(card.samples, k)
    return fmean(float(table[right]) for right in card.right.values())


def _difference(config: ReportConfig, card: BenchmarkCard, theirs: BenchmarkCard, k: int, confidence: float) -> Number:
    science = config.science
    found = champion.difference(card, theirs, k=k, replicates=science.bootstrap_replicates, seed=science.seed)
    interval = found.interval(confidence)
    return Number(value=interval.value, low=interval.low, high=interval.high, p=None)
