"""Tables that grow row by row and appear at once: a pool of problems may be larger than the memory."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq

from ssd_jobs.artifacts import atomic, tables

__all__ = ["TableWriter", "table_writer"]

ROWS = 2048
ELEMENTS = 1 << 20
"""Letters and tokens that wait at most: as Python objects, 2,048 long completions would be gigabytes."""


class TableWriter:
    """A table that is being written."""

    def __init__(self, writer: Any, schema: pa.Schema) -> None:
        self._writer = writer
        self._schema = schema
        self._rows: list[dict[str, Any]] = []
        self._elements = 0
        self.count = 0

    def add(self, row: dict[str, Any]) -> None:
        """Append a row."""
        self._rows.append(row)
        self._elements += sum(len(value) for value in row.values() if isinstance(value, str | list))
        self.count += 1
        if len(self._rows) >= ROWS or self._elements >= ELEMENTS:
            self.flush()

    def flush(self) -> None:
        """Write the rows that wait."""
        if self._rows:
            self._writer.write_table(tables.table(self._schema, self._rows))
            self._rows, self._elements = [], 0


@contextmanager
def table_writer(path: Path, schema: pa.Schema) -> Iterator[TableWriter]:
    """Open a table for appending; the file appears under its name when the block ends without an error."""
    with atomic.replacing(path) as temporary, pq.ParquetWriter(temporary, schema, compression="zstd") as writer:
        table = TableWriter(writer, schema)
        yield table
        table.flush()
