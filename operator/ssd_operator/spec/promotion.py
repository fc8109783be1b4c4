"""When the candidate becomes a registered model, and what must be proven before it takes the alias."""

from __future__ import annotations

from typing import Annotated, ClassVar, Literal

from pydantic import Field

from ssd_operator.spec import patterns
from ssd_operator.spec.base import Section
from ssd_operator.spec.evaluation import Metric
from ssd_operator.spec.marks import Steering
from ssd_operator.spec.scalars import BenchmarkName, once_by

__all__ = ["Gate", "Guard", "Promotion"]

Share = Annotated[float, Field(ge=0, le=1)]
Alias = Annotated[str, Field(min_length=1, max_length=255, pattern=patterns.ALIAS)]


class Guard(Section):
    """A benchmark on which the candidate must be shown to lose no more than a limit."""

    mark = Steering
    always_written: ClassVar[frozenset[str]] = frozenset({"benchmark", "metric"})

    benchmark: BenchmarkName
    """A benchmark of evaluation.benchmarks."""
    metric: Metric
    """What is compared, such as pass@1."""
    max_drop: Share = 0.04
    """The lower end of the interval of the difference must be above minus this; with too few samples to show it, the
    guard holds and says how many are missing."""


class Gate(Section):
    """What must be proven on paired problems before the candidate takes the alias."""

    mark = Steering

    benchmark: BenchmarkName
    """The benchmark that decides; by default the first of the list."""
    metric: Metric = "pass@1"
    """What is compared."""
    baseline: Literal["Fixed", "BestDecode"]
    """Fixed compares both arms at the settings of `decode`, BestDecode each at the setting of the sweep that was chosen
    for it on other problems; by default BestDecode when the benchmark has a sweep."""
    confidence: Annotated[float, Field(gt=0.5, lt=1)] = 0.95
    """Level of the two-sided bootstrap interval of the difference."""
    min_gain: Annotated[float, Field(ge=-1, le=1)] = 0.0
    """The lower end of the interval must be above this."""
    max_difficulty_drop: Share = 0.02
    """Largest estimated loss that is accepted at any difficulty."""
    pass_at5: bool
    """Also look at pass@5; by default when pass@5 is reported."""
    max_pass_at5_drop: Share = 0.02
    """Largest estimated loss of pass@5 that is accepted."""
    max_truncated_share: Share = 0.05
    """By how much the share of samples that reach the length limit may lie above the base's: the upper end of the
    interval."""
    guards: Annotated[
        tuple[Guard, ...],
        Field(
            max_length=16,
            json_schema_extra={
                "x-kubernetes-list-type": "map",
                "x-kubernetes-list-map-keys": ["benchmark", "metric"],
            },
        ),
        once_by("benchmark", "metric"),
    ] = ()
    """Benchmarks on which the candidate must be shown not to get worse by more than a limit."""
    champion: Literal["Compare", "Ignore"] = "Compare"
    """Compare also asks that the candidate is shown to be better than the champion on the same problems, and holds it
    where they cannot be compared; Ignore lets it replace any champion."""


class Promotion(Section):
    """Registration of the candidate in the MLflow model registry. Absent registers nothing."""

    mark = Steering

    registered_model: Annotated[str, Field(min_length=1, max_length=256, pattern=patterns.REGISTERED)]
    """Name in the registry; by default the resource's name."""
    alias: Alias = "champion"
    """Alias that a candidate takes when the gate opens."""
    challenger_alias: Alias = "challenger"
    """Alias of the newest candidate that the gate held."""
    gate: Gate
    """What must be proven."""
    upload_weights: bool = True
    """Store the weights with the registered version; false stores where to find them on the volume."""
    chosen_among: Annotated[int, Field(ge=1, le=10_000)] | None = None
    """Among how many runs this candidate was chosen before the gate judges it: reasons and registered version say it;
    a sweep writes it."""
