"""Benchmarks: problems with tests or answers, from LiveCodeBench, HumanEval, MBPP, our own layouts, or the toy."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from pydantic import JsonValue

from ssd_jobs.contract import BenchmarkSource, Builtin, Columns, HuggingFaceRows, LiveCodeBench, PathRows, is_asserted
from ssd_jobs.contract.path_rows import digest
from ssd_jobs.contract.printable import brief
from ssd_jobs.errors import BadInput
from ssd_jobs.stages.prepare.sources import answered, asserts, builtin, datasets, livecodebench, rows
from ssd_jobs.stages.prepare.sources.generic import Table
from ssd_jobs.stages.prepare.sources.problem import Problem

__all__ = ["Benchmark", "open_benchmark"]

NO_COLUMNS = Columns(id="", statement="", starter_code="", difficulty="", tests="", sample_inputs="")
KNOWN = {
    "humaneval": HuggingFaceRows(
        kind="huggingFace",
        repo="openai/openai_humaneval",
        revision="7dce6050a7d6d172f3cc5c32aa97f52fa1a2e544",
        config="openai_humaneval",
        split="test",
        columns=NO_COLUMNS,
    ),
    "mbpp": HuggingFaceRows(
        kind="huggingFace",
        repo="google-research-datasets/mbpp",
        revision="4bb6404fdc6cacfda99d4ac4205087b89d32030c",
        config="full",
        split="test",
        columns=NO_COLUMNS,
    ),
}
"""Built-in benchmarks that are read from the hub, each at one commit: a built-in name always means the same bytes."""
TRANSLATED = frozenset({"name", "language", "prompt", "tests", "stop_tokens"})
"""The columns of MultiPL-E, which has HumanEval in other languages."""


@dataclass(frozen=True)
class Benchmark:
    """Problems with their tests, read one at a time."""

    problems: Callable[[], Iterator[Problem]]
    facts: dict[str, JsonValue]
    """What the source turned out to be; complete once the problems were read."""


def open_benchmark(
    source: BenchmarkSource, *, name: str, workspace: Path, offline: bool, asks: Literal["Input"] | None = None
) -> Benchmark:
    """Find the source of a benchmark; nothing is read yet."""
    inputs = asks == "Input"
    if inputs and not isinstance(source, HuggingFaceRows | PathRows):
        raise _without_code(f"evaluation.benchmarks[{name}].source")
    return _opened(source, name=name, workspace=workspace, offline=offline, inputs=inputs)


def _without_code(field: str) -> BadInput:
    """Return why a source has no problems that ask for an input."""
    needed = " and ".join(sorted(answered.INPUTS.needed))
    return BadInput(
        f"{field}: grading Input asks for an input of given code, so its rows need the columns {needed}; "
        f"give such a source, or write another grading"
    )


def _opened(source: BenchmarkSource, *, name: str, workspace: Path, offline: bool, inputs: bool) -> Benchmark:
    field = f"evaluation.benchmarks[{name}].source"
    match source:
        case Builtin(name=known) if known in builtin.BENCHMARKS:
            return Benchmark(builtin.BENCHMARKS[known], {"builtin": known})
        case Builtin(name=known) if known in KNOWN:
            referenced = is_asserted(source)
            return _from_hub(KNOWN[known], field=f"{field}.builtin", offline=offline, referenced=referenced)
        case Builtin(name=unknown):
            there = " or ".join((*builtin.BENCHMARKS, *KNOWN))
            raise BadInput(f"{field}.builtin: there is no benchmark {brief(repr(unknown))}; use {there}")
        case LiveCodeBench():
            release = livecodebench.open_release(source, workspace=workspace, offline=offline, field=field)
            return Benchmark(release.problems, release.facts)
        case HuggingFaceRows():
            return _from_hub(source, field=f"{field}.huggingFace", offline=offline, inputs=inputs)
        case PathRows(path=path):
            files = rows.table_files(workspace / path, field=f"{field}.path")
            facts: dict[str, JsonValue] = {"path": path, "rows_sha256": digest(workspace / path)}
            return _of_files(files, source.columns, f"{field}.path", facts, inputs=inputs)


def _from_hub(
    source: HuggingFaceRows, *, field: str, offline: bool, referenced: bool = False, inputs: bool = False
) -> Benchmark:
    """Read a benchmark from the hub."""
    found = datasets.find(source, offline=offline, field=field)
    return _of_files(found.files, source.columns, field, found.facts, referenced=referenced, inputs=inputs)


def _of_files(
    files: list[Path],
    columns: Columns,
    field: str,
    facts: dict[str, JsonValue],
    *,
    referenced: bool = False,
    inputs: bool = False,
) -> Benchmark:
    """Choose the reader by the columns that are there: two benchmarks have layouts of their own."""
    if rows.columns(files[0]) >= TRANSLATED:
        raise BadInput(
            f"{field}: {files[0]} is a benchmark of MultiPL-E, such as HumanEval in Shell; programs of other languages "
            f"than Python start processes, which the sandbox lets none do: leave it out"
        )
    form = asserts.form_of(rows.columns(files[0]))
    if form is not None and not inputs:
        asserted = asserts.Asserted(files, form, facts, referenced)
        return Benchmark(asserted.problems, asserted.facts)
    layout = answered.layout_of(rows.columns(files[0]), inputs=inputs)
    if inputs and layout is None:
        raise _without_code(field)
    if layout is not None and "tests" not in rows.columns(files[0]):
        return Benchmark(answered.Answered(files, layout, facts).problems, {**facts, "form": layout.name})
    table = Table(files, columns, field, frozenset({"statement", "tests"}))
    table.check()
    return Benchmark(table.problems, {**facts, "form": "generic"})
