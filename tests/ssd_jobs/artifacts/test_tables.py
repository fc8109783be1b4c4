"""What stages hand to each other is checked on both sides."""

from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from ssd_jobs.artifacts import tables
from ssd_jobs.errors import BadInput
from workspaces.tables import SCHEMAS


@pytest.mark.parametrize("name", sorted(SCHEMAS))
def test_a_tiny_instance_survives_the_disk(name: str, tiny_tables: dict[str, pa.Table], tmp_path: Path) -> None:
    """Every table reads back as it was written, with its documentation."""
    schema = SCHEMAS[name]
    pq.write_table(tiny_tables[name], tmp_path / "t.parquet")
    back = tables.read(schema, tmp_path / "t.parquet")
    assert back.equals(tiny_tables[name])
    assert all(field.metadata[b"doc"] for field in back.schema)


@pytest.mark.parametrize("name", sorted(SCHEMAS))
def test_a_missing_column_is_named(name: str, tiny_tables: dict[str, pa.Table], tmp_path: Path) -> None:
    """A file without one of the columns is refused with the column's name."""
    schema = SCHEMAS[name]
    column = schema.names[-1]
    pq.write_table(tiny_tables[name].drop_columns([column]), tmp_path / "t.parquet")
    with pytest.raises(BadInput, match=column):
        tables.read(schema, tmp_path / "t.parquet")


def test_a_null_is_named(tmp_path: Path) -> None:
    """No column may hold a null: absence is written as an empty value."""
    loose = pa.schema([pa.field(field.name, field.type) for field in tables.TESTS])
    rows = [{"problem_id": "p", "test_index": 0, "input": "", "output": None, "public": True}]
    with pytest.raises(BadInput, match=r"tests\.output|columns"):
        tables.check(tables.TESTS, pa.Table.from_pylist(rows, schema=loose), source="x")


def test_a_file_that_is_no_parquet_is_one_sentence(tmp_path: Path) -> None:
    """A damaged file is named with what to do about it."""
    (tmp_path / "t.parquet").write_bytes(b"not parquet")
    with pytest.raises(BadInput, match="cannot be read as parquet"):
        tables.read(tables.TESTS, tmp_path / "t.parquet")


def test_a_row_with_another_column_is_refused() -> None:
    """A writer that misspells a column finds out at once."""
    with pytest.raises(ValueError, match="missing or unknown"):
        tables.table(tables.METRICS, [{"step": 1, "key": "k", "valeu": 1.0, "time_ms": 0}])


@pytest.mark.parametrize("wanted", [[], ["p1"], ["p3", "p0", "moon"]])
def test_the_rows_of_some_problems_are_all_that_is_read(tmp_path: Path, wanted: list[str]) -> None:
    """Reading some problems gives their rows in the file's order, and nothing of what stands in other parts of it."""
    path = tmp_path / "t.parquet"
    rows = [
        {"problem_id": f"p{number // 3}", "test_index": number % 3, "input": "", "output": "x" * 1000, "public": True}
        for number in range(15)
    ]
    pq.write_table(tables.table(tables.TESTS, rows), path, row_group_size=3)
    found = tables.read(tables.TESTS, path, problems=wanted)
    assert tables.rows(found) == [row for row in rows if row["problem_id"] in wanted]
