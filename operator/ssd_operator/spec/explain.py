"""Pydantic's findings as sentences: the path as Kubernetes writes it, what is expected, what is there."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

from pydantic import ValidationError
from pydantic_core import ErrorDetails

from ssd_jobs.contract.printable import brief
from ssd_operator.errors import Problem
from ssd_operator.spec.patterns import WORDS

__all__ = ["problems"]

_SENTENCES = {
    "missing": "is required",
    "extra_forbidden": "no such field",
    "greater_than": "must be greater than {gt:g}, but is {value}",
    "greater_than_equal": "must be at least {ge:g}, but is {value}",
    "less_than": "must be less than {lt:g}, but is {value}",
    "less_than_equal": "must be at most {le:g}, but is {value}",
    "too_short": "must have at least {min_length} entries, but has {actual_length}",
    "too_long": "must have at most {max_length} entries, but has {actual_length}",
    "string_too_short": "must not be empty",
    "string_too_long": "must have at most {max_length} characters",
    "string_pattern_mismatch": "must be {pattern}, but is {value}",
    "literal_error": "must be one of {expected}, but is {value}",
    "int_type": "must be an integer, but is {value}",
    "int_from_float": "must be an integer, but is {value}",
    "float_type": "must be a number, but is {value}",
    "string_type": "must be a string, but is {value}",
    "bool_type": "must be true or false, but is {value}",
    "tuple_type": "must be a list, but is {value}",
    "dict_type": "must be an object, but is {value}",
    "model_type": "must be an object, but is {value}",
}


def problems(error: ValidationError, *, path: str) -> Iterator[Problem]:
    """Yield one problem per finding; what only follows from another finding is left out."""
    for detail in error.errors(include_url=False):
        if not _follows(detail):
            repeated = (detail["ctx"]["index"],) if detail["type"] == "duplicate" else ()
            yield Problem(_join(path, detail["loc"] + repeated), _sentence(detail))


def _follows(detail: ErrorDetails) -> bool:
    """Tell whether a finding is there only because an entry of the same list or object is wrong."""
    if detail["type"] == "too_short":
        return len(detail["input"]) >= int(detail["ctx"]["min_length"])
    return detail["type"] == "default_factory_not_called"


def _sentence(detail: ErrorDetails) -> str:
    facts: dict[str, Any] = dict(detail.get("ctx", {}))
    if "pattern" in facts:
        facts["pattern"] = WORDS[facts["pattern"]]
    template = _SENTENCES.get(detail["type"])
    if template is None:
        words = str(facts.get("error", detail["msg"]))
        return "is nested too deeply" if words.startswith("recursion limit exceeded") else words
    return template.format(value=_shown(detail["input"]), **facts)


def _shown(value: Any) -> str:
    return brief(json.dumps(value, default=str))


def _join(path: str, location: tuple[int | str, ...]) -> str:
    for step in location:
        if step == "[key]":
            continue
        path += f"[{step}]" if isinstance(step, int) else f".{step}" if path else step
    return path
