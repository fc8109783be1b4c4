"""What a run says that a newer operator has carried on in a way which this version cannot read: it holds, in words."""

from __future__ import annotations

from datetime import datetime

from ssd_operator.lifecycle import conditions, reasons
from ssd_operator.lifecycle.conditions import ConditionUpdate
from ssd_operator.lifecycle.quoting import quoted
from ssd_operator.spec import condition_types
from ssd_operator.spec.status import Status

__all__ = ["hold_unread", "upgrade_needed"]


def upgrade_needed(subject: str, problem: str) -> str:
    """Say what cannot be read, and what helps."""
    return (
        f"this version of the operator cannot read {subject} ({quoted(problem)}): "
        "install the version that wrote it, or a newer one; what runs goes on meanwhile, and nothing is begun"
    )


def hold_unread(legible: Status, *, problem: str, now: datetime, generation: int) -> Status:
    """Return phase and conditions of a resource whose status cannot be read as a whole.

    Nothing is said about its spec: whether it is accepted is for the version that can compare it with what is in force.
    """
    message = upgrade_needed("its status", problem)
    update = ConditionUpdate(condition_types.PROGRESSING, False, reasons.UPGRADE_NEEDED, message)
    merged = conditions.merge(legible, [update], now=now, generation=generation)
    return conditions.derive(legible.model_copy(update={"conditions": merged}))
