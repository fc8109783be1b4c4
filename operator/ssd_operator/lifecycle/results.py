"""From a worker's last words to the numbers in status."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from ssd_jobs import contract
from ssd_operator.lifecycle.inputs import PodView
from ssd_operator.spec.status import (
    ChoiceStatus,
    Delta,
    ModelStatus,
    PromotionStatus,
    Result,
    Score,
    Status,
    TrackingStatus,
)

__all__ = ["chosen", "model_of", "reported", "result_of", "sized"]


def result_of(pods: Sequence[PodView]) -> contract.Result | None:
    """Return the newest result that a pod left, or None when none did or none is left."""
    for pod in sorted(pods, key=lambda each: each.version, reverse=True):
        if pod.exit_code == 0 and (result := contract.load_result(pod.message)) is not None:
            return result
    return None


def sized(result: contract.PrepareResult) -> ModelStatus | None:
    """Return what prepare adds of the model to the status of its stage, None where it does not know its family."""
    return None if result.size is None else ModelStatus(**result.size.model_dump())


def model_of(status: Status) -> contract.ModelSize | None:
    """Return how large the model is, None before prepare has told it."""
    found = next((stage.model for stage in status.stages if stage.model is not None), None)
    return None if found is None else contract.ModelSize(**found.model_dump())


def chosen(result: contract.SelectResult) -> ChoiceStatus:
    """Return what select adds to the status of its stage."""
    return ChoiceStatus(
        setting=result.setting,
        metric=f"pass@{result.k}",
        value=result.value,
        settings=result.settings,
        problems=result.problems,
    )


def reported(result: contract.ReportResult) -> dict[str, Any]:
    """Return what the report adds to the status."""
    return {
        "results": tuple(_result(each) for each in result.results),
        "promotion": PromotionStatus(
            decision=result.decision,
            reasons=result.reasons,
            model_version=result.model_version,
            previous_champion=result.previous_champion,
        ),
        "tracking": TrackingStatus(experiment_id=result.experiment_id, run_id=result.run_id, url=result.url),
    }


def _result(found: contract.BenchmarkResult) -> Result:
    base, candidate, delta = found.base, found.candidate, found.delta
    return Result(
        benchmark=found.benchmark,
        grading=found.grading,
        base=Score(pass_at1=base.value, interval=base.ci) if base else None,
        candidate=Score(pass_at1=candidate.value, interval=candidate.ci) if candidate else None,
        delta=Delta(pass_at1=delta.value, interval=delta.ci) if delta else None,
    )
