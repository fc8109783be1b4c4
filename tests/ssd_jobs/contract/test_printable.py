"""Foreign text is printed as text."""

import unicodedata

import pytest

from ssd_jobs.contract.printable import brief, printable

OVERRIDES = ("LRE", "RLE", "LRO", "RLO", "PDF", "LRI", "RLI", "FSI", "PDI")


def test_nothing_that_is_printed_steers_a_terminal() -> None:
    """Of all characters of Unicode none is left that is a control, turns the direction, ends a line or is half one."""
    shown = printable("".join(map(chr, range(0x110000))))
    assert {unicodedata.category(each) for each in shown} & {"Cc", "Cs", "Zl", "Zp"} == set()
    assert {unicodedata.bidirectional(each) for each in shown} & set(OVERRIDES) == set()


@pytest.mark.parametrize("text", ["Fibonacci", "Größe 5", "数列", "naïve 👩‍💻", "a\\b", 'C:"x"'])
def test_ordinary_text_stays_as_it_is(text: str) -> None:
    """Letters of any script, joined emoji and backslashes are no controls."""
    assert printable(text) == text


def test_an_escape_names_the_character() -> None:
    """What was there can be read off; a caller that prints lines keeps them."""
    assert printable("\x1b[31mred\n\u202e\ud800") == r"\x1b[31mred\n\u202e\ud800"
    assert printable("a\nb\x07", keep="\n") == "a\nb\\x07"


def test_a_long_text_is_cut() -> None:
    """A sentence holds eighty characters of a value, and shows that there was more."""
    assert brief("x" * 80) == "x" * 80
    assert brief("x" * 3000) == "x" * 80 + "…"
