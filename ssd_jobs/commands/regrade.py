"""Grade a stored run again and compare: `python -m ssd_jobs.commands.regrade CONFIG… --workspace DIR`.

Each CONFIG is that of a grade stage that is complete, DIR where its artifacts are: a config names the directory that
it was written for, and a copy of that directory is not it. Nothing is overwritten; the verdicts are made again in
memory. Time and the wording of a reason may differ between two runs, the verdict, the failing test and the program
may not.
"""

import argparse
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from ssd_jobs import artifacts, contract
from ssd_jobs.artifacts import selections, tables
from ssd_jobs.commands.program import add_form, main_of, told
from ssd_jobs.contract import files
from ssd_jobs.errors import BadInput, JobError
from ssd_jobs.sandbox.opening import limits_of
from ssd_jobs.stages.grade import questions
from ssd_jobs.stages.grade import stage as grade

__all__ = ["main", "regrade"]

COMPARED = ("verdict", "failed_test", "tests_total", "truncated", "completion_tokens", "code_sha256")
SHOWN = 5


def main(arguments: list[str]) -> str:
    """Grade again and say whether anything differs."""
    parser = argparse.ArgumentParser(prog="python -m ssd_jobs.commands.regrade", description=__doc__)
    parser.add_argument("configs", type=Path, nargs="+", help="configs of grade stages that are complete")
    parser.add_argument("--workspace", type=Path, required=True, help="the directory that holds its artifacts")
    add_form(parser)
    given = parser.parse_args(arguments)
    total, differences = 0, list[str]()
    for config in [_config(each) for each in given.configs]:
        for count, found in regrade(config, given.workspace):
            total += count
            differences += found
    if differences:
        more = f" and {len(differences) - SHOWN} more" if len(differences) > SHOWN else ""
        raise JobError(f"{len(differences)} of {total} verdicts differ: {'; '.join(differences[:SHOWN])}{more}")
    return told(given.form, {"verdicts": total, "different": 0}, f"{total} verdicts, none differs")


def _config(file: Path) -> contract.GradeConfig:
    config = contract.load(file)
    if not isinstance(config, contract.GradeConfig):
        raise BadInput(f"{file}: is the config of a {config.stage} stage; give the one of a grade stage")
    return config


def regrade(config: contract.GradeConfig, workspace: Path) -> Iterator[tuple[int, list[str]]]:
    """Yield, for each task, how many verdicts there are and which of them differ."""
    known = questions.questions(*questions.sources(config, lambda path: workspace / path))
    limits = limits_of(config.science)
    selection = workspace / config.selection if config.selection else None
    settings = selections.wanted((each.setting for each in config.tasks), selection)
    tasks = [task for task in config.tasks if task.setting in settings]
    with grade.sandbox(config) as client:
        for task in tasks:
            stored = _stored(task, workspace)
            shards = artifacts.open_shards(workspace / task.generations)
            grade.prove(client, task.mode, limits)
            wanted = questions.completions(shards, known)
            rows = [row for _, row in grade.grade(client, known, wanted, task.mode, limits)]
            if len(rows) != len(stored):
                raise JobError(
                    f"{task.output}: holds {len(stored)} verdicts for {len(rows)} generations; grade it again"
                )
            yield (
                len(rows),
                [_difference(task, row, stored.get(_place(row), {})) for row in rows if _differs(row, stored)],
            )


def _stored(task: contract.GradeTask, workspace: Path) -> dict[Any, dict[str, Any]]:
    """Return the verdicts that are on disk."""
    shards = artifacts.open_shards(workspace / task.output)
    rows = [row for shard in shards for row in tables.rows(shard.table(files.VERDICTS, tables.VERDICTS))]
    return {_place(row): row for row in rows}


def _place(row: dict[str, Any]) -> tuple[str, int]:
    return row["problem_id"], row["sample_index"]


def _differs(row: dict[str, Any], stored: dict[Any, dict[str, Any]]) -> bool:
    old = stored.get(_place(row), {})
    return any(row[name] != old.get(name) for name in COMPARED)


def _difference(task: contract.GradeTask, row: dict[str, Any], old: dict[str, Any]) -> str:
    problem, sample = _place(row)
    return (
        f"{problem} #{sample} at {task.setting} as {task.mode}: {old.get('verdict', 'nothing')} is now {row['verdict']}"
    )


if __name__ == "__main__":
    sys.exit(main_of(main))
