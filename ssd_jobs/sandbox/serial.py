"""A functional result as JSON, so that what is compared outside is data and never an object of the program.

`plain` is what a user would write to a file: tuples are lists, numpy numbers are numbers. `exact` keeps what
Python's `==` tells apart (a tuple inside a list, a set, a non-string key), because the official runner compares
with it; such a value becomes a marked object that equals no JSON value. `tagged` keeps all of Python's plain types, and
`untagged` makes them again: values that a benchmark's own assertions look at. Reading any of the three runs nothing.
"""

import json
import numbers
from collections import deque
from collections.abc import Callable
from typing import Any

__all__ = ["MARK", "exact", "plain", "tagged", "untagged"]

MARK = "\u0000not-json"


def plain(value: object) -> bytes:
    """Return a result as JSON; what has no JSON form is a TypeError."""
    return json.dumps(value, default=_simple).encode()


def exact(value: object) -> bytes:
    """Return a result as JSON without hiding its types; only the outermost tuple counts as a list."""
    return json.dumps(_marked(list(value) if isinstance(value, tuple) else value)).encode()


def tagged(value: object) -> bytes:
    """Return a value of Python's plain types as JSON in which an object names the type that JSON lacks."""
    return json.dumps(_tag(value)).encode()


def untagged(data: bytes | str) -> Any:
    """Return the value that was tagged; whoever may have written the text, only plain types come of it."""
    return _untag(json.loads(data))


def _tag(value: Any) -> object:
    """Return the JSON form of a value."""
    if value is None or isinstance(value, bool | int | float | str):
        return value
    if isinstance(value, list):
        return [_tag(item) for item in value]
    for kind, write in _WRITERS.items():
        if isinstance(value, kind):
            return {kind.__name__: write(value)}
    return _number(value)


def _number(value: Any) -> object:
    """Return what equals a number of another library."""
    if hasattr(value, "tolist") and not getattr(value, "shape", True):
        return value.tolist()
    if isinstance(value, numbers.Real) and float(value) == value:
        return float(value)
    raise TypeError(f"a result of type {type(value).__name__} cannot be compared")


def _untag(value: Any) -> Any:
    """Return the value of its JSON form."""
    if isinstance(value, list):
        return [_untag(item) for item in value]
    if isinstance(value, dict):
        [(name, content)] = value.items()
        return _READERS[name](content)
    return value


_WRITERS: dict[type, Callable[[Any], object]] = {
    **dict.fromkeys((tuple, set, frozenset), lambda value: [_tag(item) for item in value]),
    dict: lambda value: [[_tag(key), _tag(item)] for key, item in value.items()],
    bytes: lambda value: value.hex(),
    complex: lambda value: [value.real, value.imag],
}
_READERS: dict[str, Callable[[Any], Any]] = {
    "tuple": lambda content: tuple(map(_untag, content)),
    "set": lambda content: set(map(_untag, content)),
    "frozenset": lambda content: frozenset(map(_untag, content)),
    "dict": lambda content: {_untag(key): _untag(item) for key, item in content},
    "bytes": bytes.fromhex,
    "complex": lambda content: complex(*content),
}


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
