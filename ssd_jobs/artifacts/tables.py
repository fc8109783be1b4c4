"""The tables that stages hand to each other: the only definition of their columns.

Writer and reader both go through `check`, so that a stage from another version fails with the name of the
column instead of with a wrong number three stages later. Every column says what it means; the same words are
stored in the parquet file's metadata.
"""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from ssd_jobs.errors import BadInput, first_line

__all__ = [
    "BATCHES",
    "CALLS",
    "CHECKS",
    "HALF_PAIR",
    "LENGTHS",
    "METRICS",
    "PROBLEMS",
    "PROMPTS",
    "RECORDS",
    "REMOVED",
    "SAMPLES",
    "TESTS",
    "VERDICTS",
    "check",
    "read",
    "rows",
    "table",
]

HALF_PAIR = "half of a surrogate pair, which is no text; correct it in its source"
TOKENS = pa.list_(pa.int32())


def _schema(name: str, *columns: tuple[str, pa.DataType, str]) -> pa.Schema:
    """Return a schema whose columns carry their documentation."""
    fields = [pa.field(column, kind, nullable=False, metadata={"doc": doc}) for column, kind, doc in columns]
    return pa.schema(fields, metadata={"ssd.table": name, "ssd.version": "1"})


PROBLEMS = _schema(
    "problems",
    ("problem_id", pa.string(), "unique within its set"),
    ("statement", pa.string(), "the task, as its source wrote it"),
    ("starter_code", pa.string(), "the function to complete; empty for a program that reads stdin"),
    ("kind", pa.string(), "stdin | functional | answer"),
    ("entry_point", pa.string(), "the function that tests call, as `f` or `Solution.f`; empty for stdin"),
    ("difficulty", pa.string(), "easy | medium | hard, or empty where the source gives none"),
    ("date", pa.string(), "contest date as YYYY-MM-DD, or empty"),
    ("sample_inputs", pa.list_(pa.string()), "public inputs that curate may run programs on; never outputs"),
)

TESTS = _schema(
    "tests",
    ("problem_id", pa.string(), "the problem that this test belongs to"),
    ("test_index", pa.int32(), "position in the source's order, public tests first"),
    ("input", pa.string(), "standard input, the arguments as a JSON list, or the form of an answer as JSON"),
    ("output", pa.string(), "expected standard output, or the expected value as JSON; never leaves the grader"),
    ("public", pa.bool_(), "shown in the statement"),
)

CHECKS = _schema(
    "checks",
    ("problem_id", pa.string(), "the problem that this test belongs to, beside its rows in tests"),
    ("entry_point", pa.string(), "the function that is called"),
    ("reference", pa.string(), "the reference solution, as a program; never leaves the grader"),
    ("check", pa.string(), "a program that defines `check(candidate)`, which ends without an error if all is right"),
)

CALLS = _schema(
    "calls",
    ("problem_id", pa.string(), "the problem whose check calls its candidate"),
    ("call_index", pa.int32(), "0 .. n-1, in the order of the check"),
    ("arguments", pa.string(), "positional and named arguments, as tagged JSON"),
)

PROMPTS = _schema(
    "prompts",
    ("problem_id", pa.string(), "the problem that this prompt asks for"),
    ("text", pa.string(), "the rendered prompt, for people"),
    ("token_ids", TOKENS, "the rendered prompt, for the model; rendered once, used everywhere"),
)

SAMPLES = _schema(
    "samples",
    ("problem_id", pa.string(), "the problem that was asked"),
    ("sample_index", pa.int32(), "0 .. n-1 within the problem"),
    ("attempt", pa.int32(), "which start of the shard finished it; one that was killed may have begun it"),
    ("prompt_token_ids", TOKENS, "what the engine was given"),
    ("completion_token_ids", TOKENS, "what it sampled, end of sequence included when it came"),
    ("text", pa.string(), "the completion, decoded without special tokens"),
    ("answer_start", pa.int32(), "where in text the answer begins, after the model's thoughts; its end if none came"),
    ("finish_reason", pa.string(), "stop | length | error"),
    ("stop_reason", pa.string(), "the stop token's id as text, or empty"),
    ("logprobs", pa.list_(pa.float32()), "raw log-probability of each completion token: T 1, no truncation"),
    ("logprob_sum", pa.float64(), "their sum"),
    ("entropy_mean", pa.float32(), "mean entropy in nats of the raw distribution, NaN where the engine gives none"),
    ("seed", pa.int64(), "the request's seed, -1 when the engine's stream was used"),
    ("engine_seed", pa.int64(), "the seed that the engine of this start began with"),
    ("latency_s", pa.float32(), "from submission to the last token, within this start"),
    ("error", pa.string(), "empty, or why there is no completion, such as prompt_too_long"),
)

RECORDS = _schema(
    "records",
    ("record_id", pa.int32(), "0 .. N-1, the row's position"),
    ("problem_id", pa.string(), "where it came from"),
    ("sample_index", pa.int32(), "where it came from"),
    ("token_ids", TOKENS, "prompt and completion"),
    ("prompt_length", pa.int32(), "tokens before this position carry no loss, all others do"),
    ("finished", pa.bool_(), "ends with the end-of-sequence token that the model chose"),
    ("logprob_sum", pa.float64(), "the sampler's raw log-probability of the loss tokens, for the step-0 guard"),
)

LENGTHS = _schema(
    "lengths",
    ("record_id", pa.int32(), "the record"),
    ("tokens", pa.int32(), "prompt and completion"),
    ("loss_tokens", pa.int32(), "those that carry loss"),
)

REMOVED = _schema(
    "removed",
    ("problem_id", pa.string(), "the sample that is no record"),
    ("sample_index", pa.int32(), "the sample that is no record"),
    ("reason", pa.string(), "what the filter found, in one word"),
)

BATCHES = _schema(
    "batches",
    ("step", pa.int32(), "1 .. steps"),
    ("record_ids", TOKENS, "the documents of this optimizer step, on any number of ranks"),
)

VERDICTS = _schema(
    "verdicts",
    ("problem_id", pa.string(), "the problem"),
    ("sample_index", pa.int32(), "the sample"),
    ("difficulty", pa.string(), "the problem's difficulty, or empty"),
    ("verdict", pa.string(), "one of `ssd_jobs.stages.grade.VerdictKind`"),
    ("reason", pa.string(), "one line for a person"),
    ("failed_test", pa.int32(), "index of the first failing test, -1 for none"),
    ("tests_run", pa.int32(), "tests that were run"),
    ("tests_total", pa.int32(), "tests of the problem"),
    ("cpu_s", pa.float32(), "CPU time of all its tests"),
    ("wall_s", pa.float32(), "wall time of all its tests"),
    ("rerun", pa.bool_(), "timed out once and was run again alone"),
    ("truncated", pa.bool_(), "the generation hit its token limit"),
    ("completion_tokens", pa.int32(), "length of the generation"),
    ("code_sha256", pa.string(), "of the extracted program or answer, empty without one"),
    (
        "normal_sha256",
        pa.string(),
        "of its normal form, the same for a solution written twice; empty without a program",
    ),
)

METRICS = _schema(
    "metrics",
    ("step", pa.int64(), "optimizer step, or seconds since the stage began"),
    ("key", pa.string(), "the metric's name"),
    ("value", pa.float64(), "its value"),
    ("time_ms", pa.int64(), "when it was measured, in milliseconds since 1970"),
)


def table(schema: pa.Schema, values: Sequence[dict[str, Any]]) -> pa.Table:
    """Build a table from rows; a missing or unknown column is an error."""
    known = set(schema.names)
    for row in values:
        if row.keys() != known:
            odd = sorted(row.keys() ^ known)
            raise ValueError(f"row of {schema.metadata[b'ssd.table'].decode()}: columns {odd} missing or unknown")
    try:
        data = pa.Table.from_pylist(list(values), schema=schema)
    except UnicodeEncodeError as error:
        around = ascii(error.object[max(0, error.start - 20) : error.end + 20])
        raise BadInput(f"{schema.metadata[b'ssd.table'].decode()}: {around} holds {HALF_PAIR}") from None
    return check(schema, data, source="rows")


def check(schema: pa.Schema, data: pa.Table, *, source: str) -> pa.Table:
    """Return the table, or say which column is wrong; no column may hold a null."""
    name = schema.metadata[b"ssd.table"].decode()
    if not data.schema.equals(schema, check_metadata=False):
        ours = {field.name: field.type for field in schema}
        theirs = {field.name: field.type for field in data.schema}
        odd = sorted(column for column in ours.keys() | theirs.keys() if ours.get(column) != theirs.get(column))
        raise BadInput(f"{source}: not a table of {name}: columns {odd or 'in another order'} differ from this version")
    for column in data.column_names:
        if data[column].null_count:
            raise BadInput(f"{source}: {name}.{column} holds a null; write an empty value instead")
    return data.replace_schema_metadata(schema.metadata)


def read(
    schema: pa.Schema, path: Path, *, columns: Sequence[str] | None = None, problems: Sequence[str] | None = None
) -> pa.Table:
    """Read a parquet file of this schema, some of its columns, or the rows of some problems without the others'."""
    wanted_columns = None if columns is None else list(columns)
    rows_of = None if problems is None else pc.is_in(pc.field("problem_id"), pa.array(problems, pa.string()))
    try:
        data = pq.read_table(path, columns=wanted_columns, filters=rows_of, partitioning=None)
    except (OSError, pa.ArrowException) as error:
        raise BadInput(
            f"{path}: cannot be read as parquet ({first_line(error)}); remove the file and run its stage again"
        ) from None
    wanted = schema if columns is None else _subset(schema, columns)
    return check(wanted, data, source=str(path))


def rows(data: pa.Table) -> list[dict[str, Any]]:
    """Return a table as rows of plain Python values."""
    values: list[dict[str, Any]] = data.to_pylist()
    return values


def _subset(schema: pa.Schema, columns: Sequence[str]) -> pa.Schema:
    """Return the schema of some columns, in the order asked for."""
    return pa.schema([schema.field(column) for column in columns], metadata=schema.metadata)
