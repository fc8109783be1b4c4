"""Training problems: something that can be read twice, and what it turned out to be."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

from pydantic import JsonValue

from ssd_jobs.contract import Builtin, HuggingFaceRows, PathRows, PromptsScience
from ssd_jobs.contract.path_rows import digest
from ssd_jobs.contract.printable import brief
from ssd_jobs.errors import BadInput
from ssd_jobs.stages.prepare.sources import builtin, datasets, rows
from ssd_jobs.stages.prepare.sources.generic import Table
from ssd_jobs.stages.prepare.sources.problem import Problem

__all__ = ["Pool", "open_pool"]

FIELD = "prompts.source"


@dataclass(frozen=True)
class Pool:
    """Problems of a source; `problems` starts from the beginning at every call."""

    problems: Callable[[], Iterator[Problem]]
    facts: dict[str, JsonValue]


def open_pool(science: PromptsScience, *, workspace: Path, offline: bool) -> Pool:
    """Find the source and check its columns; nothing is read yet."""
    match science.source:
        case Builtin(name=name):
            if name not in builtin.POOLS:
                shipped = " and ".join(builtin.POOLS)
                raise BadInput(
                    f"{FIELD}.builtin: there are no problems {brief(repr(name))}; the package ships {shipped}"
                )
            if science.require_passed_column:
                raise BadInput(
                    f"prompts.requirePassedColumn: the problems of {name} have no such column; leave it empty"
                )
            return Pool(builtin.POOLS[name], {"builtin": name})
        case HuggingFaceRows() as source:
            found = datasets.find(source, offline=offline, field=f"{FIELD}.huggingFace")
            required = frozenset(source.columns.model_dump())
            files, facts = found.files, found.facts
        case PathRows(path=path) as source:
            required = frozenset({"statement"})
            files = rows.table_files(workspace / path, field=f"{FIELD}.path")
            facts = {"path": path, "rows_sha256": digest(workspace / path)}
    field = f"{FIELD}.{source.kind}"
    table = Table(files, source.columns, field, required, passed_column=science.require_passed_column)
    table.check()
    return Pool(table.problems, facts)
