"""A table grows in little memory, however long its rows are, and holds them all in their order."""

import tracemalloc
from pathlib import Path

import pytest

from ssd_jobs.artifacts import tables
from ssd_jobs.artifacts.appending import table_writer


def prompts(count: int, tokens: int) -> list[dict[str, object]]:
    return [{"problem_id": f"p{n}", "text": "x" * (n % 7), "token_ids": [n] * tokens} for n in range(count)]


@pytest.mark.parametrize(("count", "tokens"), [(0, 1), (1, 0), (5000, 1), (7, 400_000)])
def test_every_row_is_there_once(tmp_path: Path, count: int, tokens: int) -> None:
    """Many short rows and a few long ones are read back as they were added."""
    with table_writer(tmp_path / "t.parquet", tables.PROMPTS) as table:
        for row in prompts(count, tokens):
            table.add(row)
    assert table.count == count
    assert tables.rows(tables.read(tables.PROMPTS, tmp_path / "t.parquet")) == prompts(count, tokens)


def test_long_rows_do_not_wait_for_each_other(tmp_path: Path) -> None:
    """Rows of 4 million tokens in all, 150 MB as Python numbers, cost half of that."""
    tracemalloc.start()
    try:
        with table_writer(tmp_path / "t.parquet", tables.PROMPTS) as table:
            for number in range(200):
                tokens = list(range(1000 * number, 1000 * number + 20_000))
                table.add({"problem_id": str(number), "text": "", "token_ids": tokens})
        assert tracemalloc.get_traced_memory()[1] < 75e6
    finally:
        tracemalloc.stop()
