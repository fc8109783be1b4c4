"""Each filter drops what its name says, and `None` drops nothing."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from ssd_jobs.programs import filtering
from ssd_jobs.programs.filtering import SampleDecision


@given(text=st.text(), code=st.none() | st.text())
def test_none_keeps_everything(text: str, code: str | None) -> None:
    """The library's default is the method itself: no filter."""
    assert filtering.decide("None", text, code=code, shortest=10**9) is SampleDecision.KEEP


@pytest.mark.parametrize(
    ("text", "stub"),
    [
        ("pass", True),
        ("I cannot solve this.", True),
        ("   print(1)  \n\n", True),
        ("```python\npass\n```", True),
        ("```python\n# your code here\n```", True),
        ("```python\ndef f(a):\n```", True),
        ("```\n```", True),
        ("```python\nprint(sum(map(int, input().split())))\n```", False),
        ("```python\ndef f(a):\n    return a\n```", False),
        ("Here it is:\n```python\npass\n```", False),
        ("a = 1\nprint(a)", False),
    ],
    ids=lambda value: repr(value)[:40],
)
def test_a_stub_is_one_line_that_does_nothing(text: str, stub: bool) -> None:
    """The paper drops single-line stubs; a real program of one line in a fence is none."""
    assert filtering.is_stub(text) == stub


@pytest.mark.parametrize("policy", ["Stub", "Shortest", "Syntax", "Execution"])
def test_every_other_filter_drops_empty_answers(policy: filtering.Policy) -> None:
    """White space is no answer."""
    assert filtering.decide(policy, " \n ", code=None, shortest=0) is SampleDecision.EMPTY


@given(lengths=st.lists(st.integers(1, 200), min_size=1, max_size=80), percent=st.floats(0, 99))
def test_the_shortest_share_is_a_percentile_with_ties_kept(lengths: list[int], percent: float) -> None:
    """Dropped is what is shorter than the percentile of all lengths, never more than that share."""
    limit = filtering.cutoff(lengths, percent)
    decisions = [filtering.decide("Shortest", "x" * length, code=None, shortest=limit) for length in lengths]
    dropped = [length for length, decision in zip(lengths, decisions, strict=True) if not decision.keeps]
    assert dropped == [length for length in lengths if length < np.percentile(lengths, percent)]
    assert len(dropped) <= np.ceil(len(lengths) * percent / 100)


@pytest.mark.parametrize(
    ("code", "decision"),
    [
        (None, SampleDecision.NO_CODE),
        ("print(", SampleDecision.SYNTAX),
        ("x = '\0'", SampleDecision.SYNTAX),
        ("print(1)", SampleDecision.KEEP),
    ],
    ids=["none", "unclosed", "nul", "right"],
)
def test_syntax_wants_a_program_that_parses(code: str | None, decision: SampleDecision) -> None:
    """No block and a block that does not parse have reasons of their own."""
    assert filtering.decide("Syntax", "text", code=code, shortest=0) is decision
