"""Values of Python's plain types come back as they were, and nothing else comes of any text."""

from collections import Counter, OrderedDict
from fractions import Fraction
from typing import NamedTuple

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from ssd_jobs.sandbox import serial

KEYS = st.none() | st.booleans() | st.integers() | st.text() | st.binary() | st.tuples(st.integers(), st.text())
LEAVES = KEYS | st.floats(allow_nan=False) | st.frozensets(st.integers()) | st.sets(st.text())
VALUES = st.recursive(
    LEAVES, lambda inner: st.lists(inner) | st.tuples(inner, inner) | st.dictionaries(KEYS, inner), max_leaves=20
)


class Point(NamedTuple):
    """A tuple with names."""

    x: int
    y: int


@given(value=VALUES)
def test_a_value_comes_back_with_its_types(value: object) -> None:
    """What is equal, and of which type, survives the way as text."""
    again = serial.untagged(serial.tagged(value))
    assert (again, type(again)) == (value, type(value))
    assert repr(again) == repr(value) or isinstance(value, set | frozenset | dict | list | tuple)


@pytest.mark.parametrize(
    ("value", "plain"),
    [
        (Point(1, 2), (1, 2)),
        (Counter("aab"), {"a": 2, "b": 1}),
        (OrderedDict(a=1), {"a": 1}),
        (np.float64(0.5), 0.5),
        (np.int64(3), 3),
        (np.bool_(True), True),
        (Fraction(1, 2), 0.5),
        (complex(1, 2), complex(1, 2)),
    ],
    ids=str,
)
def test_what_equals_a_plain_value_becomes_one(value: object, plain: object) -> None:
    """Python's other containers and other libraries' numbers are the plain values that they equal."""
    assert serial.untagged(serial.tagged(value)) == plain


@pytest.mark.parametrize(
    "value",
    [object(), len, np.zeros(3), {1: {2: range(3)}}, Fraction(1, 3)],
    ids=["object", "function", "array", "range", "fraction"],
)
def test_what_is_no_plain_value_is_refused(value: object) -> None:
    """An object whose meaning is its code does not travel."""
    with pytest.raises(TypeError, match="cannot be compared"):
        serial.tagged(value)
