"""The kinds of resource, a row for each: its names, its models and its rules.

The definition, the watches, the listings and the paths of requests follow from the row. How the operator works on a
kind is a row in `reconcile/kinds.py`, and how it reads what it is sent a row in `cluster/doors.py`.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from ssd_operator import naming
from ssd_operator.spec.base import Section
from ssd_operator.spec.resolved import ResolvedSpec
from ssd_operator.spec.rule import Rule
from ssd_operator.spec.rules import RULES
from ssd_operator.spec.status import Status
from ssd_operator.spec.sweep import SweepSpec
from ssd_operator.spec.sweep_rules import RULES as SWEEP_RULES
from ssd_operator.spec.sweep_status import SweepStatus
from ssd_operator.spec.sweep_transitions import TRANSITIONS as SWEEP_TRANSITIONS
from ssd_operator.spec.transitions import TRANSITIONS, Transition

__all__ = ["RESOURCE_KINDS", "RUN", "SWEEP", "ResourceKind"]


@dataclass(frozen=True)
class ResourceKind:
    """One kind of resource."""

    kind: str
    plural: str
    short_name: str
    """What people type."""
    description: str
    spec: type[Section]
    """Complete, as it is after its preset was laid under it."""
    status: type[Section]
    rules: tuple[Rule, ...]
    """What must hold across fields."""
    transitions: tuple[Transition, ...]
    """What must hold between two versions once work has begun."""


RUN: Final = ResourceKind(
    kind=naming.KIND,
    plural=naming.PLURAL,
    short_name="sd",
    description="One experiment of simple self-distillation.",
    spec=ResolvedSpec,
    status=Status,
    rules=RULES,
    transitions=TRANSITIONS,
)
SWEEP: Final = ResourceKind(
    kind=naming.SWEEP_KIND,
    plural=naming.SWEEP_PLURAL,
    short_name="sds",
    description="Many experiments that differ in a few fields, and the choice of the best of them.",
    spec=SweepSpec,
    status=SweepStatus,
    rules=SWEEP_RULES,
    transitions=SWEEP_TRANSITIONS,
)
RESOURCE_KINDS: Final = {row.kind: row for row in (RUN, SWEEP)}
