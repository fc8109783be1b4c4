"""A benchmark of small problems with generations, as artifacts that grade reads."""

from pathlib import Path
from typing import Any

from configs.grade import GENERATIONS, PROBLEMS, TESTS, VERDICTS
from configs.parts import key
from ssd_jobs import artifacts
from ssd_jobs.artifacts import tables
from ssd_jobs.context import Context
from ssd_jobs.contract import files
from ssd_jobs.progress.recorder import Progress
from workspaces.provenance import EMPTY
from workspaces.tables import ROWS, SCHEMAS

RIGHT = "```python\nprint(2 * int(input()))\n```"
WRONG = "```python\nprint(3)\n```"
BROKEN = "```python\nprint(\n```"
NO_CODE = "I cannot do this."


def write(path: Path, tables_by_file: dict[str, tuple[str, list[dict[str, Any]]]], *, shard: int | None = None) -> None:
    """Write one artifact of tables: file -> (schema's name, rows)."""
    with artifacts.Output(path=path, stage="test", name="test", key=key("a"), shard=shard).claim() as draft:
        for name, (schema, rows) in tables_by_file.items():
            kind = SCHEMAS[schema]
            draft.write_table(name, kind, tables.table(kind, rows))
        draft.finish(EMPTY)


def problem(name: str, **changes: Any) -> dict[str, Any]:
    """A problem that asks for twice a number."""
    return {**ROWS["problems"][0], "problem_id": name, **changes}


def tests_of(name: str) -> list[dict[str, Any]]:
    """Two tests of it."""
    numbers = [(0, 3), (1, -4)]
    return [
        {"problem_id": name, "test_index": i, "input": f"{n}\n", "output": f"{2 * n}\n", "public": i == 0}
        for i, n in numbers
    ]


def sample(name: str, index: int, text: str, **changes: Any) -> dict[str, Any]:
    """One generation."""
    return {**ROWS["samples"][0], "problem_id": name, "sample_index": index, "text": text, **changes}


def workspace(root: Path, generations: dict[str, list[str]], *, shards: int = 1, **changes: Any) -> Path:
    """Write problems, tests and generations, `{problem: texts}`, which may differ from a finished one."""
    write(root / PROBLEMS, {files.PROBLEMS: ("problems", [problem(name) for name in generations])})
    write(root / TESTS, {files.TESTS: ("tests", [row for name in generations for row in tests_of(name)])})
    rows = [sample(name, i, text, **changes) for name, texts in generations.items() for i, text in enumerate(texts)]
    for shard in range(shards):
        part = rows[shard::shards]
        write(
            files.shard(root / GENERATIONS, shard, shards),
            {files.part(0): ("samples", part)},
            shard=shard,
        )
    return root


def context(root: Path, *, index: int = 0) -> Context:
    """The surroundings of a shard."""
    return Context(workspace=root, index=index, progress=Progress())


def verdicts(root: Path, mode: str) -> list[dict[str, Any]]:
    """All verdicts of one mode."""
    found = artifacts.open_shards(root / f"{VERDICTS}-{mode.lower()}")
    return [row for shard in found for row in tables.rows(shard.table(files.VERDICTS, tables.VERDICTS))]
