"""What a library's error says fits into our sentence."""

from hypothesis import given
from hypothesis import strategies as st

from ssd_jobs.errors import first_line


@given(st.text())
def test_any_error_gives_one_line(text: str) -> None:
    """However many lines an error has, and where it has none, there is one line to show."""
    line = first_line(TimeoutError(text))
    assert line.strip()
    assert len(line.splitlines()) == 1
    assert line in text or line == "TimeoutError"
