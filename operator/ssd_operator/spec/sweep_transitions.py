"""What may change of a sweep after a cell was made: its cells, and of its template what a run may change as well."""

from __future__ import annotations

from typing import Final

from ssd_operator.spec.transitions import Transition, fixed, no_way_back

__all__ = ["TRANSITIONS"]

_BEGUN: Final = (
    "has(oldSelf.status) && has(oldSelf.status.cells) && oldSelf.status.cells.exists(c, c.phase != 'Pending')"
)
_WHEN: Final = "a cell was made"
_ADVICE: Final = "name what else you want to compare in spec.axes or spec.cells, or create another sweep"

TRANSITIONS: Final[tuple[Transition, ...]] = (
    *fixed(("template", "spec"), begun=_BEGUN, when=_WHEN, advice=_ADVICE),
    Transition(
        cel="has(self.spec.candidateSteps) ? has(oldSelf.spec.candidateSteps) && "
        "self.spec.candidateSteps == oldSelf.spec.candidateSteps : !has(oldSelf.spec.candidateSteps)",
        holds=lambda old, new: set(old.get("candidateSteps", ())) == set(new.get("candidateSteps", ())),
        message="candidateSteps cannot change once a cell was made, whose training exports these: create another sweep",
        field="spec.candidateSteps",
        begun=_BEGUN,
    ),
    no_way_back(begun=_BEGUN, when=_WHEN),
)
