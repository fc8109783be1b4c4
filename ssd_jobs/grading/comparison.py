"""When an output is the expected one.

`Process`: lines are compared one by one, without trailing blank lines and without regard to the amount of white
space inside a line. Words are equal as text; or as exact decimal numbers (6 and 6.0); or, where the expected
word has a fraction, when they differ by less than one millionth of it: such answers are computed in floating
point, and the order of additions must not decide. Whole numbers stay exact. Functional results are compared as
JSON, with the same rule for fractions and with true and 1 apart.

`LCB`: the official rule: stripped text, same number of lines, each line equal as stripped text or as decimals
without tolerance; functional results by Python's `==`.
"""

import json
import math
from decimal import Decimal, InvalidOperation

__all__ = ["equal_exact", "equal_json", "equal_lines", "equal_official"]

RELATIVE, ABSOLUTE = 1e-6, 1e-9
LONGEST_NUMBER = 400


def equal_lines(actual: str, expected: str) -> bool:
    """Compare what a program printed by the rule of `Process`."""
    ours, theirs = _lines(actual), _lines(expected)
    return len(ours) == len(theirs) and all(map(_equal_words, ours, theirs))


def equal_official(actual: str, expected: str) -> bool:
    """Compare what a program printed by the official rule."""
    ours, theirs = _stripped(actual), _stripped(expected)
    if len(ours) != len(theirs):
        return False
    return all(a == b or _equal_decimals(a, b) for a, b in zip(ours, theirs, strict=True))


def equal_json(actual: bytes, expected: str) -> bool:
    """Compare a functional result by the rule of `Process`."""
    return _same(_parsed(actual), json.loads(expected))


def equal_exact(actual: bytes, expected: str) -> bool:
    """Compare a functional result by Python's equality, as the official runner does."""
    return bool(_parsed(actual) == json.loads(expected))


def _lines(text: str) -> list[list[str]]:
    lines = [line.split() for line in text.split("\n")]
    while lines and not lines[-1]:
        lines.pop()
    return lines


def _equal_words(ours: list[str], theirs: list[str]) -> bool:
    if ours == theirs:
        return True
    return len(ours) == len(theirs) and all(map(_equal_word, ours, theirs))


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


def _stripped(text: str) -> list[str]:
    return [line.strip() for line in text.strip().split("\n")]


def _equal_decimals(actual: str, expected: str) -> bool:
    """Compare two lines word by word as decimals, without tolerance."""
    try:
        ours = [Decimal(word) for word in actual.split()]
        theirs = [Decimal(word) for word in expected.split()]
    except (InvalidOperation, ValueError):
        return False
    return ours == theirs


def _parsed(data: bytes) -> object:
    """Parse what a program returned; what is no JSON equals nothing."""
    try:
        return json.loads(data)
    except (ValueError, RecursionError):
        return _NOTHING


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
        return actual == expected or _close(actual, expected)
    return actual == expected


def _close(actual: float, expected: float) -> bool:
    """Compare within the tolerance; a whole number too large for a float is not close to one."""
    try:
        return math.isclose(actual, expected, rel_tol=RELATIVE, abs_tol=ABSOLUTE)
    except OverflowError:
        return False
