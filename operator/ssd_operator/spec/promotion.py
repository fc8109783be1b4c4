"""When the candidate becomes a registered model, and what must be proven before it takes the alias."""

from __future__ import annotations

from typing import Annotated, ClassVar, Literal

from pydantic import Field

from ssd_operator.spec import patterns
from ssd_operator.spec.base import Section
from ssd_operator.spec.marks import Steering
from ssd_operator.spec.scalars import BenchmarkName, once_by

__all__ = ["Gate", "Guard", "Promotion"]

Share = Annotated[float, Field(ge=0, le=1)]
Metric = Annotated[str, Field(max_length=16, pattern=patterns.METRIC)]
Alias = Annotated[str, Field(min_length=1, max_length=255, pattern=patterns.ALIAS)]


class Guard(Section):
    """A benchmark on which the candidate must not get worse."""

    mark = Steering
    always_written: ClassVar[frozenset[str]] = frozenset({"benchmark", "metric"})

    benchmark: BenchmarkName
    """A benchmark of evaluation.benchmarks."""
    metric: Metric
    """What is compared, such as pass@1."""
    max_drop: Share = 0.0
    """Largest loss that is accepted."""


class Gate(Section):
    """What must be proven on paired problems before the candidate takes the alias."""

    mark = Steering

    benchmark: BenchmarkName
    """The benchmark that decides; by default the first of the list."""
    metric: Metric = "pass@1"
    """What is compared."""
    baseline: Literal["Fixed", "BestDecode"]
    """Fixed compares with the base's own decode setting, BestDecode with its best of the sweep, which favours the base;
    by default BestDecode when the benchmark has a sweep."""
    confidence: Annotated[float, Field(gt=0.5, lt=1)] = 0.95
    """Level of the two-sided bootstrap interval of the difference."""
    min_gain: Annotated[float, Field(ge=-1, le=1)] = 0.0
    """The lower end of the interval must be above this."""
    max_difficulty_drop: Share = 0.02
    """Largest loss that is accepted at any difficulty."""
    pass_at5: bool
    """Also require that pass@5 does not fall; by default when pass@5 is reported."""
    max_truncated_share: Share = 0.05
    """Largest share of the candidate's samples that may reach the length limit."""
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
    """Benchmarks on which the candidate must not get worse."""


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
