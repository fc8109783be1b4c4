"""Laws of the normal form: what makes two programs one solution."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ssd_jobs.programs.normal_form import normal_form

PROGRAM = """\
import math as m

def area(radius, *, scale=1):
    "The area of a circle."
    global calls
    calls = m.pi * radius ** 2 * scale
    return calls

try:
    print(area(int(input()), scale=2))
except ValueError as error:
    print(error)
match [1, 2]:
    case [first, *rest]:
        print(first, rest)
"""
RENAMED = """\
# the same
import math as mathematics
def f(r,*,s=1):
  global g
  g=mathematics.pi*r**2*s  # pi
  return g
try:
    print(f(int(input()), s=2))
except ValueError as e: print(e)
'and a remark'
match [1, 2]:
    case [a, *b]: print(a, b)
"""


def test_comments_layout_and_given_names_do_not_count() -> None:
    """Written again with other names, other comments and another layout, a program is the same solution."""
    assert normal_form(PROGRAM) == normal_form(RENAMED)


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("print(1 + 2)", "print(2 + 1)"),
        ("a = 1\nb = 2\nprint(a)", "a = 1\nb = 2\nprint(b)"),
        ("print(max(1, 2))", "print(min(1, 2))"),
        ("x = []\nx.append(1)", "x = []\nx.extend(1)"),
        ("x = 1", "x = '1'"),
        ("for i in range(3):\n    print(i)", "i = 0\nwhile i < 3:\n    print(i)\n    i += 1"),
    ],
)
def test_what_a_program_does_counts(one: str, other: str) -> None:
    """Another order, another variable, another builtin, method, value or loop is another solution."""
    assert normal_form(one) != normal_form(other)


def test_a_builtin_that_is_given_anew_is_a_given_name() -> None:
    """A program's own `max` is no builtin, whatever it is called."""
    assert normal_form("max = 3\nprint(max)") == normal_form("most = 3\nprint(most)")


@given(
    st.text() | st.sampled_from(["(" * 5000, "x" * 200_000, "a.b" + ".c" * 20_000, "-" * 30_000 + "1", "x = '\ud800'"])
)
def test_any_text_has_a_normal_form(text: str) -> None:
    """Text that is no program, or one that is too deep or too long, stands for itself; nothing fails."""
    assert normal_form(text) == normal_form(text)
    if len(text) > 100_000:
        assert normal_form(text) == text
