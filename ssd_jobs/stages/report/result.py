"""The report's result: what fits into a termination message."""

from collections.abc import Mapping
from typing import Any

from pydantic import JsonValue

from ssd_jobs.artifacts import Manifest
from ssd_jobs.contract import BenchmarkResult, Estimate, ReportResult, dump_result
from ssd_jobs.stages.report.document import ArmResult, BenchmarkSection, Decisive, Document, Number

__all__ = ["of_manifest", "summarised"]

SHOWN = 8
REASON_BYTES = 160
SHORT_REASON_BYTES = 60


def summarised(document: Document) -> list[JsonValue]:
    """Return pass@1 of both arms for every benchmark and grading mode, deciding modes first."""
    ordered = sorted(document.panels, key=lambda panel: not panel.decides)
    return [_benchmark(panel, document.decisive) for panel in ordered[:SHOWN]]


def of_manifest(manifest: Manifest) -> ReportResult:
    """Return the result of a report that was written and recorded."""
    facts: Mapping[str, Any] = manifest.facts
    result = _result(manifest.digest, facts, REASON_BYTES)
    try:
        dump_result(result)
    except ValueError:
        return _result(manifest.digest, facts, SHORT_REASON_BYTES)
    return result


def _result(digest: str, facts: Mapping[str, Any], reason_bytes: int) -> ReportResult:
    return ReportResult(
        stage="report",
        digest=digest,
        decision=facts["decision"],
        reasons=tuple(_cut(reason, reason_bytes) for reason in facts["reasons"][:SHOWN]),
        model_version=facts["model_version"],
        previous_champion=facts["previous_champion"],
        experiment_id=facts["experiment_id"],
        run_id=facts["run_id"],
        url=facts["url"] if len(facts["url"].encode()) <= 256 else "",
        results=tuple(BenchmarkResult.model_validate(each) for each in facts["results"]),
    )


def _benchmark(panel: BenchmarkSection, decisive: Decisive | None) -> JsonValue:
    """Return both arms as the gate compares them: at their fixed settings, or at those that were chosen for them."""
    judged = decisive.baseline if decisive and decisive.benchmark == panel.benchmark else None
    found = [each for each in panel.comparisons if judged in (None, each.baseline)]
    at_chosen = bool(found) and found[-1].baseline == "BestDecode"
    arms = {arm.arm: arm for arm in panel.arms if (arm.chosen if at_chosen else arm.fixed)}
    k = min(panel.k)
    return BenchmarkResult(
        benchmark=panel.benchmark,
        grading=panel.mode,
        base=_level(arms.get("Base"), k),
        candidate=_level(arms.get("Candidate"), k),
        delta=_estimate(found[-1].delta[k]["all"]) if found else None,
    ).model_dump(mode="json")


def _level(arm: ArmResult | None, k: int) -> Estimate | None:
    return _estimate(arm.pass_at[k]["all"]) if arm else None


def _estimate(number: Number) -> Estimate:
    """Return a number as status shows it: a range with a minus in it reads badly, so differences say `to`."""
    joint = "-" if number.p is None else " to "
    return Estimate(value=f"{number.value:.3f}", ci=f"{number.low:.3f}{joint}{number.high:.3f}")


def _cut(text: str, limit: int) -> str:
    """Return a text of at most so many bytes."""
    encoded = text.encode()
    return text if len(encoded) <= limit else encoded[: limit - 3].decode(errors="ignore") + "…"
