"""Whose value it was: what a person needs to know about a field that they did not write.

A complete spec can be wrong in a place that its author never saw: a value that the preset brought, or one that
nobody gave. The problem keeps its words, which are the API server's, and says so in addition.
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from typing import Any

from ssd_operator.errors import Problem

__all__ = ["with_origin"]


def with_origin(problem: Problem, *, asked: Mapping[str, Any], merged: Mapping[str, Any], preset: str) -> Problem:
    """Add where the value comes from, when it is in `merged` without being in `asked`."""
    steps = re.split(r"[.\[]", problem.path.replace("]", ""))[1:]
    if _at(asked, steps) is not None:
        return problem
    value = _at(merged, steps)
    if preset and value is not None and not isinstance(value, dict | list):
        return Problem(problem.path, f"{problem.message} (the preset {preset} sets {json.dumps(value)})")
    if problem.message == "is required":
        return Problem(problem.path, f"is required: write it{'' if preset else ', or choose a preset that has it'}")
    return problem


def _at(node: Any, steps: list[str]) -> Any:
    for step in steps:
        if isinstance(node, Mapping):
            node = node.get(step)
        elif isinstance(node, list) and step.isdigit():
            node = node[int(step)] if int(step) < len(node) else None
    return node
