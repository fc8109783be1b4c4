"""Files of lines survive the end of their writer at any byte."""

import tempfile
from pathlib import Path

from hypothesis import given
from hypothesis import strategies as st

from ssd_jobs.artifacts import lines

Line = st.binary(max_size=6).map(lambda data: data.replace(b"\n", b"").replace(b"\r", b""))


@given(written=st.lists(Line, max_size=4), torn=Line, more=st.lists(Line, min_size=1, max_size=2))
def test_half_a_line_costs_nothing_but_itself(written: list[bytes], torn: bytes, more: list[bytes]) -> None:
    """Whatever part of a line a killed writer leaves, the lines before it are read, and those after it are whole."""
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder, "lines")
        path.write_bytes(b"".join(line + b"\n" for line in written) + torn)
        assert lines.whole(path.read_bytes()).splitlines() == written
        lines.append(path, b"".join(line + b"\n" for line in more))
        assert lines.mended(path) == [*written, *more]


@given(written=st.lists(Line, max_size=4), torn=Line)
def test_a_mended_file_holds_whole_lines_only(written: list[bytes], torn: bytes) -> None:
    """Who goes on writing after mending writes on a line of its own."""
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder, "lines")
        path.write_bytes(b"".join(line + b"\n" for line in written) + torn)
        assert lines.mended(path) == written
        assert path.read_bytes() == b"".join(line + b"\n" for line in written)


def test_no_file_has_no_lines(tmp_path: Path) -> None:
    """Before anything was written there is nothing to go on from, and reading makes no file."""
    assert lines.mended(tmp_path / "lines") == []
    assert not (tmp_path / "lines").exists()
