"""What the status of every kind of resource is made of. Measured numbers are texts.

A status is read in each pass, and a newer operator may have written it before this one was installed again. So reading
keeps fields that this version does not know, to write them back, and takes any word and any length. What may be written
stands in the definition only, where the API server enforces it.
"""

from __future__ import annotations

from typing import Annotated, Any, ClassVar, Final

from pydantic import ConfigDict, Field

from ssd_operator.spec.base import Section

__all__ = [
    "PHASES",
    "Condition",
    "Line",
    "Name",
    "Number",
    "StatusPart",
    "Text",
    "Time",
    "Whole",
    "bounded",
    "listed",
    "one_of",
]

PHASES: Final = ("", "Pending", "Planned", "Invalid", "Running", "Waiting", "Suspended", "Succeeded", "Failed")


def bounded(**words: Any) -> Any:
    """Return bounds for the definition that reading does not apply."""
    return Field(json_schema_extra=words)


def one_of(*words: str) -> Any:
    """Return the words that the definition allows."""
    return bounded(enum=list(words))


def listed(longest: int, *, by: str = "") -> Any:
    """Return the bound of a list, which is a map when its entries have a key."""
    words = {"x-kubernetes-list-type": "map", "x-kubernetes-list-map-keys": [by]} if by else {}
    return bounded(maxItems=longest, **words)


Number = Annotated[str, bounded(maxLength=32)]
Whole = Annotated[int, Field(ge=0, le=9_007_199_254_740_991)]
Time = Annotated[str, bounded(maxLength=64, format="date-time")]
Name = Annotated[str, bounded(minLength=1, maxLength=253)]
Line = Annotated[str, bounded(maxLength=256)]
Text = Annotated[str, bounded(maxLength=4096)]


class StatusPart(Section):
    """A part of a status: made by our own code, under Python's names, or read as somebody's of another version."""

    model_config = ConfigDict(extra="allow", validate_by_name=True, validate_by_alias=True)


class Condition(StatusPart):
    """One aspect of the state, by the Kubernetes convention."""

    always_written: ClassVar[frozenset[str]] = frozenset({"type", "status"})

    type: Annotated[str, bounded(minLength=1, maxLength=64)]
    """Accepted or Planned, Progressing, Suspended, Succeeded or Failed."""
    status: Annotated[str, one_of("True", "False", "Unknown")]
    """Whether it holds."""
    reason: Annotated[str, bounded(maxLength=128)] = ""
    """One word for programs."""
    message: Text = ""
    """A sentence that says what to do."""
    last_transition_time: Time | None = None
    """When the status last changed."""
    observed_generation: Whole = 0
    """Generation of the spec it speaks of."""
