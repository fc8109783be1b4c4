"""A SelfDistillationSweep as a file holds it or the API server returns it, checked together with each of its cells."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from functools import cached_property
from typing import Any

from ssd_operator.spec import cells
from ssd_operator.spec.cells import Cell
from ssd_operator.spec.kinds import SWEEP
from ssd_operator.spec.presets import Preset
from ssd_operator.spec.resolve import laid_out
from ssd_operator.spec.resource import checked
from ssd_operator.spec.sweep import SweepFields

__all__ = ["Frozen", "Sweep", "judged", "parse_sweep"]


@dataclass(frozen=True)
class Frozen:
    """What a sweep asks for by the preset that it began with."""

    cells: tuple[Cell, ...]
    promotion: Mapping[str, Any] | None
    """Of the selected cell; None where nothing is promoted."""


@dataclass(frozen=True)
class Sweep:
    """A sweep whose fields and rules have been checked; its cells are when they are asked for."""

    metadata: Mapping[str, Any]
    spec: Mapping[str, Any]
    """As written, in the form in which the API server keeps it."""

    @property
    def name(self) -> str:
        """Name of the resource."""
        return str(self.metadata["name"])

    @cached_property
    def fields(self) -> SweepFields:
        """Everything but the template."""
        return cells.fields_of(self.spec)

    @property
    def promotion(self) -> Mapping[str, Any] | None:
        """The template's promotion, which is the sweep's; None where nothing is promoted."""
        found: Mapping[str, Any] | None = self.spec["template"]["spec"].get("promotion")
        return found

    def judged(self, cell: Cell, *, among: int) -> Mapping[str, Any] | None:
        """Return the spec with which the gate judges the cell that is selected among so many runs.

        None where the template has no promotion.
        """
        return None if self.promotion is None else judged(cell.spec, self.promotion, among=among)

    def cells(self) -> tuple[Cell, ...]:
        """Return every cell, or raise InvalidSpec where one cannot be carried out."""
        return cells.expand(self.spec, name=self.name)

    def frozen(self, preset: Preset | None) -> Frozen:
        """Return the cells and the promotion such that each says itself what this preset says."""
        found = cells.expand(self.spec, name=self.name, frozen=preset)
        template = laid_out(self.spec["template"]["spec"], frozen=preset)
        laid = tuple(replace(cell, spec=laid_out(cell.spec, frozen=preset)) for cell in found)
        return Frozen(laid, template.get("promotion"))


def judged(spec: Mapping[str, Any], promotion: Mapping[str, Any], *, among: int) -> dict[str, Any]:
    """Return a cell's spec with a sweep's promotion, which knows among how many runs the cell was selected."""
    return {**spec, "promotion": {**promotion, "chosenAmong": among}}


def parse_sweep(document: Any) -> Sweep:
    """Check a JSON document and return the sweep, or raise InvalidSpec naming every wrong field."""
    body = checked(document, SWEEP)
    return Sweep(body["metadata"], body["spec"])
