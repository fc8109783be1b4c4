"""Laying one description over another: a user's over a preset's, a stage's pod over the common one.

Objects merge field by field. A list is replaced, but an entry that has the name of one below it merges with that
one: naming one benchmark of a preset keeps its source and settings, and leaves the preset's others out. Of
alternatives, the upper one's choice replaces the lower one's.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from ssd_operator.spec.base import Section
from ssd_operator.spec.walk import section_at

__all__ = ["overlay"]


def overlay(lower: Mapping[str, Any], upper: Mapping[str, Any], model: type[Section] | None) -> dict[str, Any]:
    """Return `lower` with everything that `upper` says."""
    merged = _without_other_choice(lower, upper, model)
    for key, value in upper.items():
        merged[key] = _value(merged.get(key), value, section_at(model, key))
    return merged


def _without_other_choice(
    lower: Mapping[str, Any], upper: Mapping[str, Any], model: type[Section] | None
) -> dict[str, Any]:
    choices = set(model.one_of) if model is not None else set()
    replaced = choices - upper.keys() if choices & upper.keys() else set()
    return {key: value for key, value in lower.items() if key not in replaced}


def _value(lower: Any, upper: Any, model: type[Section] | None) -> Any:
    if isinstance(upper, dict):
        return overlay(lower if isinstance(lower, dict) else {}, upper, model)
    if isinstance(upper, list) and isinstance(lower, list):
        named = {entry["name"]: entry for entry in lower if isinstance(entry, dict) and "name" in entry}
        return [
            _value(named.get(entry.get("name")), entry, model) if isinstance(entry, dict) else entry for entry in upper
        ]
    return upper
