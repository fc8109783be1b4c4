"""A functional result as JSON, so that what is compared outside is data and never an object of the program.

`plain` is what a user would write to a file: tuples are lists, numpy numbers are numbers. `exact` keeps what
Python's `==` tells apart (a tuple inside a list, a set, a non-string key), because the official runner compares
with it; such a value becomes a marked object that equals no JSON value.
"""

import json
import numbers
from collections import deque
from typing import Any

__all__ = ["MARK", "exact", "plain"]

MARK = "\u0000not-json"


def plain(value: object) -> bytes:
    """Return a result as JSON; what has no JSON form is a TypeError."""
    return json.dumps(value, default=_simple).encode()


def exact(value: object) -> bytes:
    """Return a result as JSON without hiding its types; only the outermost tuple counts as a list."""
    return json.dumps(_marked(list(value) if isinstance(value, tuple) else value)).encode()


def _simple(value: Any) -> object:
    """Return the JSON form of numpy values and of Python's other containers."""
    if type(value).__module__.partition(".")[0] == "numpy" and hasattr(value, "tolist"):
        return value.tolist()
    if isinstance(value, deque):
        return list(value)
    if isinstance(value, numbers.Rational):
        return float(value)
    raise TypeError(f"a result of type {type(value).__name__} cannot be compared")


def _marked(value: Any) -> object:
    """Return a value of JSON types that equals what this value equals."""
    if value is None or isinstance(value, bool | int | float | str):
        return value
    if isinstance(value, list):
        return [_marked(item) for item in value]
    if isinstance(value, dict) and all(isinstance(key, str) for key in value):
        return {key: _marked(item) for key, item in value.items()}
    if hasattr(value, "tolist") and not getattr(value, "shape", True):
        return value.tolist()
    if isinstance(value, numbers.Number) and isinstance(value, numbers.Real) and float(value) == value:
        return float(value)
    return {MARK: type(value).__name__}
