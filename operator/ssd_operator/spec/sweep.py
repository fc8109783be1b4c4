"""A sweep: one template, and the cells that it is run in, which are the product of some axes and what stands beside it.

Every cell is an ordinary SelfDistillation. Cells share whatever has the same key, so that the base is generated and
graded once; which cell is best is decided on select problems only, and told with its value on report problems.
"""

from __future__ import annotations

from typing import Annotated, Any, ClassVar, Final, Literal

from pydantic import Field, WithJsonSchema

from ssd_operator.spec import patterns
from ssd_operator.spec.base import Section
from ssd_operator.spec.evaluation import Metric
from ssd_operator.spec.marks import Steering
from ssd_operator.spec.resolved import ResolvedSpec
from ssd_operator.spec.rounds import Rounds
from ssd_operator.spec.scalars import BenchmarkName, FreeForm, Line, once_by, unique

__all__ = [
    "MOST_CELLS",
    "Axis",
    "BaselineCell",
    "NamedCell",
    "Rounds",
    "SelectBy",
    "SweepFields",
    "SweepSpec",
    "Template",
]

MOST_CELLS: Final = 10_000
"""Of a sweep, replicates counted."""

Word = Annotated[str, Field(min_length=1, max_length=32, pattern=patterns.WORD)]
AxisValue = Annotated[Any, WithJsonSchema({"x-kubernetes-preserve-unknown-fields": True})]
"""A number, a text, true, false, a list of them, or an object with a name and what it sets."""
_MAP = {"x-kubernetes-list-type": "map", "x-kubernetes-list-map-keys": ["name"]}


class Template(Section):
    """What all cells have in common."""

    mark = Steering
    always_written: ClassVar[frozenset[str]] = frozenset({"spec"})

    spec: ResolvedSpec
    """A SelfDistillation's spec. Its promotion is the sweep's: cells register nothing, and the gate judges the selected
    cell, once."""


class Axis(Section):
    """One thing that differs between cells."""

    mark = Steering
    always_written: ClassVar[frozenset[str]] = frozenset({"name", "values"})

    name: Word
    """Name in tables, such as Ttrain."""
    field: Line = ""
    """Field of the template's spec that takes the values, such as sampling.temperature; absent where every value has a
    name and says in set what it changes."""
    values: Annotated[tuple[AxisValue, ...], Field(min_length=1, max_length=256)]
    """The values of the field; without a field, objects such as {name: k10, set: {sampling: {topK: 10}}}."""


class NamedCell(Section):
    """A cell beside the product of the axes."""

    mark = Steering
    always_written: ClassVar[frozenset[str]] = frozenset({"name", "set"})

    name: Word
    """Name in tables, such as control."""
    set: FreeForm
    """What it changes in the template's spec."""


class SelectBy(Section):
    """What the best cell is chosen by, on problems that are used for nothing else."""

    mark = Steering
    always_written: ClassVar[frozenset[str]] = frozenset({"benchmark"})

    benchmark: BenchmarkName
    """A benchmark of the template that has a sweep of decode settings, and so select problems and report problems."""
    metric: Metric = "pass@1"
    """What is compared: one of the benchmark's k, and its selectMetric."""


class BaselineCell(Section):
    """The cell that the others are compared with in the table."""

    mark = Steering
    always_written: ClassVar[frozenset[str]] = frozenset({"cell"})

    cell: Word
    """One of spec.cells."""


class SweepFields(Section):
    """A sweep but for its template: which cells there are, how many at once, and how one is chosen."""

    mark = Steering

    mode: Literal["Run", "Plan"] = "Run"
    """Run does the work; Plan says which cells and stages there would be and starts nothing."""
    suspend: bool = False
    """Stop all cells after saving, and free the hardware; false goes on from there."""
    axes: Annotated[tuple[Axis, ...], Field(max_length=8, json_schema_extra=_MAP), once_by("name")] = ()
    """The cells are every combination of the axes' values."""
    cells: Annotated[tuple[NamedCell, ...], Field(max_length=256, json_schema_extra=_MAP), once_by("name")] = ()
    """Cells beside the product of the axes, such as a control."""
    replicates: Annotated[int, Field(ge=1, le=100)] = 1
    """How often each cell is run: the second adds 1 to sampling.seed and training.seed, the third 2, and nothing else
    differs."""
    rounds: Rounds | None = None
    """Absent runs each cell once; else each cell has rounds, of which every one starts from the export of the one
    before. Each is compared with the one before and with the root."""
    candidate_steps: Annotated[
        tuple[Annotated[int, Field(ge=1, le=10_000_000)], ...],
        Field(max_length=32, json_schema_extra={"x-kubernetes-list-type": "set"}),
        unique,
    ] = ()
    """Steps of each cell's one training after which the model is a candidate; empty takes the last alone. The best is
    chosen among cells and steps. With a rate that decays, step 250 of 1,000 is not a run of 250 steps."""
    select: SelectBy
    """What the best cell is chosen by."""
    baseline: BaselineCell | None = None
    """The cell that the others are compared with in the table."""
    parallel: Annotated[int, Field(ge=1, le=1000)] = 4
    """How many cells are under way at once: unfinished ones that are not suspended."""
    max_failed: Annotated[int, Field(ge=0, le=MOST_CELLS)] | None = None
    """Start no more cells when more than these have failed; absent never stops."""


class SweepSpec(SweepFields):
    """One sweep."""

    always_written: ClassVar[frozenset[str]] = frozenset({"template", "select"})

    template: Template
    """What all cells have in common."""
