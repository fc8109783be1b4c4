"""What one YAML scalar means to kubectl: go-yaml v2's rules, on the way to JSON.

They are YAML 1.1 without its base 60 and its dates: `on` is true, `5e-6` a number, `017` is 15, `1:30` and
`2025-02-01` are texts, and a number too large for a float is a text again.
"""

from __future__ import annotations

import base64
import binascii
import re
import struct
from typing import Final

from ssd_jobs.contract.printable import brief

__all__ = ["PLAIN", "JsonScalar", "key", "meaning"]

JsonScalar = str | int | float | bool | None

PLAIN: Final = ""
"""Tag of a scalar that is neither quoted nor tagged."""
_LONG = "tag:yaml.org,2002:"

_WORDS: Final[dict[str, bool | None]] = {
    **dict.fromkeys(("y", "Y", "yes", "Yes", "YES", "true", "True", "TRUE", "on", "On", "ON"), True),
    **dict.fromkeys(("n", "N", "no", "No", "NO", "false", "False", "FALSE", "off", "Off", "OFF"), False),
    **dict.fromkeys(("", "~", "null", "Null", "NULL"), None),
}
_NOT_FINITE = re.compile(r"[-+]?\.(inf|Inf|INF)|\.(nan|NaN|NAN)")
_FLOAT = re.compile(r"[-+]?(\.[0-9]+|[0-9]+(\.[0-9]*)?)([eE][-+]?[0-9]+)?")
_INTEGER = re.compile(
    r"(?P<sign>[-+]?)(0[xX](?P<hex>[0-9a-fA-F]+)|0[bB](?P<bin>[01]+)|0[oO]?(?P<oct>[0-7]+)|(?P<dec>0|[1-9][0-9]*))"
)
_LONGEST_INTEGER: Final = 400
"""Digits, of any base: more than fit into 64 bits, and fewer than Python refuses to read."""
_BASES: Final = {"hex": 16, "bin": 2, "oct": 8, "dec": 10}
_KINDS: Final = {bool: "bool", int: "int", float: "float", str: "str", type(None): "null"}


def meaning(text: str, tag: str) -> JsonScalar:
    """Return the JSON value of a scalar, or raise ValueError saying why it has none."""
    return _as_json(_value(text, tag))


def key(text: str, tag: str) -> str:
    """Return the text that a scalar becomes as a key in JSON: `on:` is the key "true"."""
    value = _value(text, tag)
    if value is None:
        raise ValueError("a key must not be null")
    if isinstance(value, bool):
        return "true" if value else "false"
    return _short(value) if isinstance(value, float) else str(value)


def _value(text: str, tag: str) -> JsonScalar:
    kind = tag.removeprefix(_LONG)
    if kind == "binary":
        return _decoded(text)
    if kind not in (PLAIN, "bool", "int", "float", "null", "timestamp"):
        return text
    value = _plain(text)
    if kind == "float" and type(value) is int:
        value = float(value)
    if kind not in (PLAIN, "timestamp", _KINDS[type(value)]):
        raise ValueError(f"cannot decode !!{_KINDS[type(value)]} `{brief(text)}` as a !!{kind}")
    return value


def _plain(text: str) -> JsonScalar:
    if text in _WORDS:
        return _WORDS[text]
    if _NOT_FINITE.fullmatch(text):
        raise ValueError(f"`{text}` has no place in JSON")
    if text[0] not in "+-.0123456789":
        return text
    plain = text if text[0] == "." else text.replace("_", "")
    return _number(plain, text)


def _number(plain: str, text: str) -> int | float | str:
    if (match := _INTEGER.fullmatch(plain)) and len(plain) <= _LONGEST_INTEGER:
        base = (
            match.lastgroup if match.lastgroup in _BASES else next(name for name in _BASES if match[name] is not None)
        )
        value = int(match[base], _BASES[base]) * (-1 if match["sign"] == "-" else 1)
        if -(2**63) <= value < 2**64:
            return value
    if _FLOAT.fullmatch(plain):
        number = float(plain)
        return text if number in (float("inf"), float("-inf")) else number
    return text


def _as_json(value: JsonScalar) -> JsonScalar:
    """Go writes a whole float without a point, and what fits into 64 bits comes back as an integer."""
    if isinstance(value, float) and value.is_integer() and -(2**63) <= value < 2**63:
        return int(value)
    if type(value) is int and value >= 2**63:
        return float(value)
    return value


def _decoded(text: str) -> str:
    try:
        return base64.b64decode("".join(text.split()), validate=True).decode("utf-8", "replace")
    except binascii.Error:
        raise ValueError("!!binary value contains invalid base64 data") from None


def _short(number: float) -> str:
    """Write a float as Go does with 32 bits and the fewest digits."""
    target = struct.pack("f", number)
    digits = next(count for count in range(1, 10) if struct.pack("f", float(f"{number:.{count}g}")) == target)
    exponent = int(f"{number:.{digits - 1}e}".split("e")[1])
    if exponent < -4 or exponent >= 6:
        return f"{number:.{digits - 1}e}"
    return f"{number:.{max(digits - 1 - exponent, 0)}f}"
