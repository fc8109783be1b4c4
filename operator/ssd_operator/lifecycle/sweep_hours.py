"""The GPU-hours of a sweep: what its plan can take at most, and what the cells that have ended took.

A stage that several cells share is counted once, by its key, with the longest time that one of them gives: from its
first Job to its end, so that waiting for nodes and later attempts count as well.
"""

from __future__ import annotations

from ssd_operator.lifecycle.cells import SweepInputs
from ssd_operator.plan import gpu_hours
from ssd_operator.spec.sweep_status import GpuHoursStatus

__all__ = ["UNKNOWN", "gpu_hours_of"]

UNKNOWN = "unknown"
"""Where neither the model's name nor the spec tells a number that only prepare counts, and no operator reads."""


def gpu_hours_of(was: GpuHoursStatus | None, inputs: SweepInputs) -> GpuHoursStatus | None:
    """Return what is planned and what was spent; what was is kept where there is no plan."""
    if inputs.problem:
        return was
    taken: dict[str, float] = {}
    for name, view in inputs.cells.items():
        held = inputs.gpus.get(name, {})
        for stage in view.stages:
            gpu_seconds = stage.seconds * held.get(stage.name, 0)
            taken[stage.key] = max(taken.get(stage.key, 0.0), gpu_seconds)
    seconds = max(sum(taken.values()), 0.0 if was is None else was.spent_seconds)
    return GpuHoursStatus(
        planned=UNKNOWN if inputs.planned_hours is None else gpu_hours.text(inputs.planned_hours),
        spent=gpu_hours.text(seconds / 3600),
        spent_seconds=round(seconds),
    )
