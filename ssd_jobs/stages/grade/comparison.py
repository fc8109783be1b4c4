"""When an output is the expected one.

`Process`: lines are compared one by one, without trailing blank lines and without regard to the amount of white
space inside a line. Words are equal as text; or as exact decimal numbers (6 and 6.0); or, where the expected
word has a fraction, when they differ by less than one millionth of it: such answers are computed in floating
point, and the order of additions must not decide. Whole numbers stay exact. Functional results are compared as
JSON, with the same rule for fractions and with true and 1 apart.

`LCB`: the official rule: stripped text, same number of lines, each line equal as stripped text or as decimals
without tolerance; functional results by Python's `==`.

An output is text of somebody who may mean harm: it is cut into words, or parsed, only as far as the expected one
reaches. Split whole, 16 MB of short words would be a gigabyte of Python objects.
"""

import json
import math
from decimal import Decimal, InvalidOperation

__all__ = ["equal_exact", "equal_json", "equal_lines", "equal_official"]

RELATIVE, ABSOLUTE = 1e-6, 1e-9
LONGEST_NUMBER = 400
LONG_JSON = 1 << 20


def equal_lines(actual: str, expected: str) -> bool:
    """Compare what a program printed by the rule of `Process`."""
    ours, theirs = actual.rstrip(), expected.rstrip()
    if ours.count("\n") != theirs.count("\n"):
        return False
    return all(map(_equal_words, ours.split("\n"), theirs.split("\n")))


def equal_official(actual: str, expected: str) -> bool:
    """Compare what a program printed by the official rule."""
    ours, theirs = actual.strip(), expected.strip()
    if ours.count("\n") != theirs.count("\n"):
        return False
    lines = zip(ours.split("\n"), theirs.split("\n"), strict=True)
    return all(a.strip() == b.strip() or _equal_decimals(a, b) for a, b in lines)


def equal_json(actual: bytes, expected: str) -> bool:
    """Compare a functional result by the rule of `Process`."""
    wanted = json.loads(expected)
    return _same(_parsed(actual, wanted), wanted)


def equal_exact(actual: bytes, expected: str) -> bool:
    """Compare a functional result by Python's equality, as the official runner does."""
    wanted = json.loads(expected)
    return bool(_parsed(actual, wanted) == wanted)


def _equal_words(actual: str, expected: str) -> bool:
    """Compare two lines word by word."""
    theirs = expected.split()
    ours = actual.split(maxsplit=len(theirs))
    return len(ours) == len(theirs) and (ours == theirs or all(map(_equal_word, ours, theirs)))


def _equal_word(actual: str, expected: str) -> bool:
    """Compare two words as text, as decimals, or within the tolerance for fractions."""
    if actual == expected:
        return True
    one, other = _number(actual), _number(expected)
    if one is None or other is None:
        return False
    if one == other:
        return True
    fraction = "." in expected or "e" in expected.lower()
    return fraction and math.isclose(float(one), float(other), rel_tol=RELATIVE, abs_tol=ABSOLUTE)


def _number(word: str) -> Decimal | None:
    """Return a finite number; an absurdly long word is text, so that no output costs the grader its time."""
    if len(word) > LONGEST_NUMBER or not word.isascii() or "_" in word:
        return None
    try:
        value = Decimal(word)
    except InvalidOperation:
        return None
    return value if value.is_finite() and abs(value.adjusted()) < LONGEST_NUMBER else None


def _equal_decimals(actual: str, expected: str) -> bool:
    """Compare two lines word by word as decimals, without tolerance; to compare a signalling NaN is an error."""
    words = expected.split()
    try:
        theirs = [Decimal(word) for word in words]
        return [Decimal(word) for word in actual.split(maxsplit=len(words))] == theirs
    except (InvalidOperation, ValueError):
        return False


def _parsed(data: bytes, wanted: object) -> object:
    """Parse what a program returned; what is no JSON, or too much of it to be what is wanted, equals nothing."""
    if len(data) > LONG_JSON and not _as_many(data, json.dumps(wanted).encode()):
        return _NOTHING
    try:
        return json.loads(data)
    except (ValueError, RecursionError):
        return _NOTHING


def _as_many(one: bytes, other: bytes) -> bool:
    """Return whether two JSON texts may hold equally many values: they are written by the same library."""
    return all(one.count(mark) == other.count(mark) for mark in (b",", b"[", b"{"))


_NOTHING = object()


def _same(actual: object, expected: object) -> bool:
    """Compare two JSON values; only numbers with a fraction have a tolerance."""
    if isinstance(expected, list):
        return isinstance(actual, list) and len(actual) == len(expected) and all(map(_same, actual, expected))
    if isinstance(expected, dict):
        return (
            isinstance(actual, dict)
            and actual.keys() == expected.keys()
            and all(_same(actual[key], expected[key]) for key in expected)
        )
    if isinstance(expected, bool) or isinstance(actual, bool):
        return actual is expected
    if isinstance(expected, float) and isinstance(actual, int | float):
        if math.isnan(expected):
            return isinstance(actual, float) and math.isnan(actual)
        return actual == expected or _close(actual, expected)
    return actual == expected


def _close(actual: float, expected: float) -> bool:
    """Compare within the tolerance; a whole number too large for a float is not close to one."""
    try:
        return math.isclose(actual, expected, rel_tol=RELATIVE, abs_tol=ABSOLUTE)
    except OverflowError:
        return False
