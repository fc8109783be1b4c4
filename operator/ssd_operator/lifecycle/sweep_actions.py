"""The actions that make the cells match the status of their sweep: derived from the whole of both, never from an event.

Each is harmless when it is done twice: a cell's name is its lock, and a change names the version that was seen. A cell
gets one action at a time, and the next one when the effect of the first is seen.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator
from dataclasses import dataclass

from ssd_operator.lifecycle.cells import CellView, SweepInputs, WantedCell, due
from ssd_operator.spec.sweep_status import SweepStatus

__all__ = ["CellAction", "ChangeCell", "CreateCell", "DeleteCell", "ResumeCell", "SuspendCell", "actions_for_cells"]


@dataclass(frozen=True)
class CreateCell:
    """Make the resource of a cell."""

    cell: WantedCell

    @property
    def name(self) -> str:
        """The resource."""
        return self.cell.name


@dataclass(frozen=True)
class _OnCell:
    """Something that is done to a cell that is there."""

    view: CellView

    @property
    def name(self) -> str:
        """The resource."""
        return self.view.name


@dataclass(frozen=True)
class ChangeCell(_OnCell):
    """Give a cell the spec that the plan has for it now."""

    cell: WantedCell


@dataclass(frozen=True)
class SuspendCell(_OnCell):
    """Suspend a cell because its sweep is."""


@dataclass(frozen=True)
class ResumeCell(_OnCell):
    """Let a cell go on that its sweep had suspended."""


@dataclass(frozen=True)
class DeleteCell(_OnCell):
    """Delete a cell that is no part of the plan any more."""


CellAction = CreateCell | ChangeCell | SuspendCell | ResumeCell | DeleteCell


def actions_for_cells(status: SweepStatus, inputs: SweepInputs) -> list[CellAction]:
    """Return what is to be done, given the status as it has been written."""
    chosen = due(status.cells, inputs)
    missing = [name for name in chosen if name not in inputs.cells]
    actions: list[CellAction] = [CreateCell(inputs.wanted[name]) for name in missing]
    for view in inputs.cells.values():
        if not view.deleting:
            actions.extend(_of_cell(view, inputs.wanted.get(view.name), chosen, inputs))
    return actions


def _of_cell(
    view: CellView, wanted: WantedCell | None, chosen: Collection[str], inputs: SweepInputs
) -> Iterator[CellAction]:
    """Yield the one thing to do about a cell that is there, if any."""
    if wanted is None and not inputs.problem:
        yield DeleteCell(view)
    elif inputs.suspended and view.is_active:
        yield SuspendCell(view)
    elif (
        wanted is not None
        and wanted.is_known
        and view.spec != wanted.digest
        and (not view.has_ended or view.name in chosen)
    ):
        yield ChangeCell(view, wanted)
    elif view.name in chosen and view.suspended:
        yield ResumeCell(view)
