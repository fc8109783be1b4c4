"""Rows of JSONL and parquet files, one at a time, with only the columns that are asked for in memory."""

import json
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq

from ssd_jobs.artifacts.tables import HALF_PAIR
from ssd_jobs.contract.path_rows import SUFFIXES, tables_below
from ssd_jobs.errors import BadInput, first_line

__all__ = ["Row", "columns", "scan", "table_files"]

Row = dict[str, Any]
BATCH = 1024


def table_files(path: Path, *, field: str) -> list[Path]:
    """Return the files at a path: the file itself, or all tables of a directory in the order of their names."""
    if path.is_file():
        found = [path]
    elif path.is_dir():
        found = tables_below(path)
    else:
        raise BadInput(f"{field}: {path} does not exist; give a JSONL or parquet file, or a directory of them")
    odd = [file for file in found if file.suffix not in SUFFIXES]
    if odd or not found:
        raise BadInput(f"{field}: {odd[0] if odd else path} is no JSONL or parquet; give files of these kinds")
    return found


def columns(file: Path) -> frozenset[str]:
    """Return the columns of a table; of JSONL, those of its first row."""
    if file.suffix == ".parquet":
        with _parquet(file) as table:
            return frozenset(table.schema_arrow.names)
    for _, _, row in _lines(file):
        return frozenset(row)
    return frozenset()


def scan(files: Sequence[Path], wanted: Sequence[str]) -> Iterator[tuple[str, Row]]:
    """Yield every row with its place, such as `data.jsonl:7`; a column that a row lacks is left out."""
    names = list(dict.fromkeys(wanted))
    for file in files:
        if file.suffix == ".parquet":
            yield from _batches(file, names)
        else:
            for place, line, row in _lines(file):
                wanted_row = {name: row[name] for name in names if name in row}
                if b"\\u" in line:
                    _check_text(wanted_row, place)
                yield place, wanted_row


def _batches(file: Path, names: Sequence[str]) -> Iterator[tuple[str, Row]]:
    """Yield the rows of a parquet file, reading only the named columns."""
    number = 0
    with _parquet(file) as table:
        present = [name for name in names if name in table.schema_arrow.names]
        try:
            for batch in table.iter_batches(batch_size=BATCH, columns=present, use_threads=False):
                for row in batch.to_pylist():
                    number += 1
                    yield f"{file}: row {number}", row
        except (OSError, pa.ArrowException) as error:
            raise _corrupt(file, error) from None


def _lines(file: Path) -> Iterator[tuple[str, bytes, Row]]:
    """Yield place, text and object of every line of a JSONL file."""
    with file.open("rb") as stream:
        for number, line in enumerate(stream, start=1):
            if not line.strip():
                continue
            place = f"{file}:{number}"
            yield place, line, _object(line, place)


def _object(line: bytes, place: str) -> Row:
    """Return the object in one line."""
    try:
        row = json.loads(line)
    except (ValueError, RecursionError) as error:
        raise BadInput(f"{place}: is no JSON ({first_line(error)}); correct or remove the line") from None
    if not isinstance(row, dict):
        raise BadInput(f"{place}: is no JSON object; write one object per line")
    return row


def _check_text(row: Row, place: str) -> None:
    """Refuse what JSON can escape and no other file can hold."""
    try:
        json.dumps(row, ensure_ascii=False).encode()
    except UnicodeEncodeError:
        raise BadInput(f"{place}: holds {HALF_PAIR}") from None
    except RecursionError:
        raise BadInput(f"{place}: is nested too deeply; correct or remove the line") from None


def _parquet(file: Path) -> Any:
    """Open a parquet file without reading ahead."""
    try:
        return pq.ParquetFile(file, pre_buffer=False)
    except (OSError, pa.ArrowException) as error:
        raise _corrupt(file, error) from None


def _corrupt(file: Path, error: Exception) -> BadInput:
    """Return the BadInput of a broken file."""
    return BadInput(f"{file}: cannot be read as parquet ({first_line(error)}); get the file again")
