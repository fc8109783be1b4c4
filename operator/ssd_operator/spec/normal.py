"""A document as the API server keeps it: an object's null is an absence, and a whole number is an integer."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from ssd_operator.spec.base import Section
from ssd_operator.spec.walk import knows, section_at

__all__ = ["normal"]


def normal(value: Any, model: type[Section] | None) -> Any:
    """Return a copy in that form; a null in a field that the model does not have stays, to be refused."""
    if isinstance(value, Mapping):
        return {
            key: normal(entry, section_at(model, key))
            for key, entry in value.items()
            if entry is not None or (model is not None and not knows(model, key))
        }
    if isinstance(value, list | tuple):
        return [normal(entry, model) for entry in value]
    if isinstance(value, float) and value.is_integer() and -(2**63) <= value < 2**63:
        return int(value)
    return value
