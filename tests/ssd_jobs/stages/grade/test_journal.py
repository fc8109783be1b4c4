"""The journal of a shard's verdicts: whatever a write came to, what is read again are whole rows, in their order."""

import resource
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

import pytest

from ssd_jobs.stages.grade.journal import Journal

IDENTITY = {"key": "k"}
ROWS = [{"problem_id": f"p{number}", "reason": "x" * 40} for number in range(5)]


@contextmanager
def full_at(size: int) -> Iterator[None]:
    """No file grows beyond this size, as on a full disk: a write that begins below it is cut short."""
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (size, hard))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))


@pytest.mark.parametrize("room", range(0, 80, 7))
def test_a_write_that_was_cut_short_loses_nothing_before_it(tmp_path: Path, room: int) -> None:
    """Half a line never stands before the next row, also when space is free again by then."""
    path = tmp_path / "journal"
    journal = Journal(path, IDENTITY)
    for row in ROWS[:2]:
        journal.add(row)
    with full_at(path.stat().st_size + room), suppress(OSError):
        journal.add(ROWS[2])
    with suppress(OSError):
        journal.add(ROWS[3])
    with suppress(OSError):
        journal.close()
    again = Journal(path, IDENTITY)
    assert again.rows == ROWS[: len(again.rows)]
    assert len(again.rows) >= 2
    again.add(ROWS[4])
    again.close()
    assert Journal(path, IDENTITY).rows[-1] == ROWS[4]
