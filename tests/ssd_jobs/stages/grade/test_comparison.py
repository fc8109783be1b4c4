"""When an output is the expected one, by the rule of each mode."""

import json
import tracemalloc
from collections.abc import Callable

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ssd_jobs.stages.grade import comparison

LINES = {
    # name: (actual, expected, Process, LCB)
    "same": ("6\n", "6\n", True, True),
    "no last line end": ("6", "6\n", True, True),
    "spaces around": (" 6 \n\n", "6", True, True),
    "spaces inside": ("1  2\t3", "1 2 3", True, True),
    "spaces inside words": ("a  b", "a b", True, False),
    "blank line before": ("\n6", "6", False, True),
    "blank line between": ("1\n\n2", "1\n2", False, False),
    "one line or three": ("1 2 3", "1\n2\n3", False, False),
    "decimal point": ("6.0", "6", True, True),
    "exponent": ("6e0", "6.0", True, True),
    "sign of zero": ("-0", "0", True, True),
    "rounding": ("0.30000000000000004", "0.3", True, False),
    "digits": ("0.333333", "0.3333333333333", True, False),
    "wrong fraction": ("0.3334", "0.3333333", False, False),
    "whole numbers are exact": ("50000000000000001", "50000000000000000", False, False),
    "whole numbers in floats": ("100000000.0001", "100000000", False, False),
    "tiny is not zero": ("0", "1e-7", False, False),
    "case": ("YES", "Yes", False, False),
    "nan": ("nan", "0.5", False, False),
    "infinity": ("inf", "1e308", False, False),
    "signalling nan": ("sNaN", "0.5", False, False),
    "signalling nan beside": ("1 sNaN", "1 0.5", False, False),
    "more words": ("1 2 3", "1 2", False, False),
    "fewer words": ("1", "1 2", False, False),
    "words after a blank line": ("\n\n1", "\n\n1", True, True),
    "leading zeros": ("007", "7", True, True),
    "underscore": ("1_000", "1000", False, True),
    "empty": ("", "", True, True),
    "empty against number": ("", "6", False, False),
    "nul": ("6\x00", "6", False, False),
    "astronomic exponent": ("1e999999999999", "6.5", False, False),
    "long number": ("1" * 100_000, "1" * 100_000, True, True),
    "form feed is no line": ("1\x0c2", "1\n2", False, False),
}


@pytest.mark.parametrize(("actual", "expected", "process", "official"), LINES.values(), ids=LINES.keys())
def test_printed_text(actual: str, expected: str, process: bool, official: bool) -> None:
    """Both rules decide as the table says."""
    assert comparison.equal_lines(actual, expected) is process
    assert comparison.equal_official(actual, expected) is official


VALUES = {
    # name: (returned JSON, expected JSON, Process, LCB)
    "same": ("[1, 2]", "[1,2]", True, True),
    "whole float": ("6.0", "6", True, True),
    "true is not one": ("1", "true", False, True),
    "one is not true": ("true", "1", False, True),
    "text is not number": ('"6"', "6", False, False),
    "rounding": ("0.30000000000000004", "0.3", True, False),
    "rounding deep": ('{"a": [0.30000000000000004]}', '{"a": [0.3]}', True, False),
    "none": ("null", "[]", False, False),
    "order of keys": ('{"a": 1, "b": 2}', '{"b": 2, "a": 1}', True, True),
    "missing key": ('{"a": 1}', '{"a": 1, "b": 2}', False, False),
    "shorter": ("[1]", "[1, 2]", False, False),
    "spaces matter in text": ('"ab "', '"ab"', False, False),
    "nan": ("NaN", "0.5", False, False),
    "nan for nan": ("NaN", "NaN", True, False),
    "a number for nan": ("1", "NaN", False, False),
    "infinity": ("Infinity", "1e300", False, False),
    "not json": ("{", "1", False, False),
    "deep": ("[" * 100_000, "1", False, False),
    "huge int against float": ("1" * 400, "0.5", False, False),
    "more digits than python reads": ("1" * 5000, "1", False, False),
    "empty": ("", "null", False, False),
}


@pytest.mark.parametrize(("actual", "expected", "process", "official"), VALUES.values(), ids=VALUES.keys())
def test_functional_results(actual: str, expected: str, process: bool, official: bool) -> None:
    """Both rules decide as the table says."""
    assert comparison.equal_json(actual.encode(), expected) is process
    assert comparison.equal_exact(actual.encode(), expected) is official


WORDS = st.one_of(
    st.integers().map(str), st.floats(allow_nan=False, allow_infinity=False).map(repr), st.text("abc", min_size=1)
)
OUTPUTS = st.lists(st.lists(WORDS, min_size=1).map(" ".join), min_size=1).map("\n".join)


@given(OUTPUTS, st.sampled_from(["", "\n", " \n", "\n\n"]))
def test_an_output_equals_itself(output: str, end: str) -> None:
    """Any output equals itself, whatever white space follows."""
    assert comparison.equal_lines(output + end, output)
    assert comparison.equal_official(output + end, output)


@given(st.lists(st.integers(), min_size=1), st.data())
def test_whole_numbers_have_no_tolerance(numbers: list[int], data: st.DataObject) -> None:
    """Changing any whole number of an output, by however little, makes it wrong."""
    place = data.draw(st.integers(0, len(numbers) - 1))
    other = [*numbers[:place], numbers[place] + data.draw(st.sampled_from([-1, 1])), *numbers[place + 1 :]]
    ours, theirs = (" ".join(map(str, row)) for row in (other, numbers))
    assert not comparison.equal_lines(ours, theirs)
    assert not comparison.equal_official(ours, theirs)
    assert not comparison.equal_json(json.dumps(other).encode(), json.dumps(numbers))


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(),
    lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner),
)


@given(JSON)
def test_a_long_result_equals_itself(value: object) -> None:
    """What is looked at before a long result is parsed never makes a right one wrong."""
    text = json.dumps(value)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(comparison, "LONG_JSON", 0)
        assert comparison.equal_json(text.encode(), text)
        assert comparison.equal_exact(text.encode(), text)


LONGEST = 16 * 2**20
FLOODS: dict[str, Callable[[], bool]] = {
    "lines": lambda: comparison.equal_lines("ab\n" * (LONGEST // 3), "1\n2"),
    "words": lambda: comparison.equal_lines("ab " * (LONGEST // 3), "1 2"),
    "official lines": lambda: comparison.equal_official("ab\n" * (LONGEST // 3), "1\n2"),
    "official words": lambda: comparison.equal_official("12 " * (LONGEST // 3), "1 2"),
    "lists": lambda: comparison.equal_json(b"[" + b"[]," * (LONGEST // 3) + b"[]]", "[1, 2]"),
    "objects": lambda: comparison.equal_exact(b"[" + b"{}," * (LONGEST // 3) + b"{}]", "[1, 2]"),
}


@pytest.mark.parametrize("compare", FLOODS.values(), ids=FLOODS.keys())
def test_a_flood_is_compared_in_little_memory(compare: Callable[[], bool]) -> None:
    """The longest output that is accepted costs the grader a few times its length, not a gigabyte."""
    tracemalloc.start()
    try:
        assert not compare()
        assert tracemalloc.get_traced_memory()[1] < 6 * LONGEST
    finally:
        tracemalloc.stop()


@given(st.binary(max_size=200), st.text(max_size=50))
def test_no_output_breaks_the_grader(noise: bytes, expected: str) -> None:
    """Whatever bytes a program sends, comparing ends in a bool."""
    text = noise.decode("utf-8", "surrogateescape")
    assert isinstance(comparison.equal_lines(text, expected), bool)
    assert isinstance(comparison.equal_official(text, expected), bool)
    assert isinstance(comparison.equal_json(noise, json.dumps(expected)), bool)
    assert isinstance(comparison.equal_exact(noise, json.dumps(expected)), bool)
