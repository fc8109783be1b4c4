"""What is graded: problems with their tests, and the completions of one shard.

Everything that cannot be graded fairly is refused here, by the name of the file and the problem, before a single
program runs: a problem without tests would be passed by anything.
"""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, NamedTuple

import pyarrow as pa
import pyarrow.compute as pc

from ssd_jobs import artifacts
from ssd_jobs.artifacts import tables
from ssd_jobs.contract import GradeConfig, files
from ssd_jobs.contract.printable import brief
from ssd_jobs.errors import BadInput
from ssd_jobs.programs import gradable
from ssd_jobs.programs.checking import BenchmarkCheck
from ssd_jobs.programs.extraction import answer_of, cut_while_thinking
from ssd_jobs.stages.grade.verdicts import ProblemTests, Test

__all__ = ["Answer", "Question", "Sources", "completions", "questions", "sources"]

COLUMNS = ["problem_id", "sample_index", "text", "answer_start", "finish_reason", "error"]


@dataclass(frozen=True, slots=True)
class Question:
    """A problem as the grader needs it."""

    problem: ProblemTests
    difficulty: str
    answered: bool = False
    """Answers to it are no programs: they are compared with the expected one."""


@dataclass(frozen=True, slots=True)
class Answer:
    """One generation, which may hold a program; `text` is what came after the model's thoughts."""

    problem_id: str
    sample_index: int
    text: str
    truncated: bool
    tokens: int
    cut_while_thinking: bool
    error: str
    """Why there is none; empty where there is."""


class Sources(NamedTuple):
    """The artifacts that say what is asked."""

    problems: artifacts.Artifact
    tests: artifacts.Artifact
    references: artifacts.Artifact | None = None

    @property
    def digests(self) -> dict[str, str]:
        """Return what each of them contains."""
        return {name: each.digest for name, each in self._asdict().items() if each is not None}


def sources(config: GradeConfig, place: Callable[[str], Path]) -> Sources:
    """Open what a config names; `place` says where a path of it is."""
    references = None if config.references is None else artifacts.open_artifact(place(config.references))
    problems, tests = (artifacts.open_artifact(place(path)) for path in (config.problems, config.tests))
    return Sources(problems, tests, references)


def questions(
    problems: artifacts.Artifact,
    tests: artifacts.Artifact,
    references: artifacts.Artifact | None = None,
    *,
    shard: int = 0,
    shards: int = 1,
) -> dict[str, Question]:
    """Return the problems of one shard with their tests, in the source's order; all tests may be gigabytes."""
    source = tests.path / files.TESTS
    every = tables.rows(problems.table(files.PROBLEMS, tables.PROBLEMS))
    mine = [row for row in every if artifacts.shard_of(row["problem_id"], shards) == shard]
    names = [row["problem_id"] for row in mine]
    by_problem: dict[str, list[dict[str, Any]]] = {}
    for row in tables.rows(tests.table(files.TESTS, tables.TESTS, problems=names)):
        by_problem.setdefault(row["problem_id"], []).append(row)
    checks = _checks(tests, references, names) if references else {}
    found = {}
    for row in mine:
        name = row["problem_id"]
        if not by_problem.get(name) and name not in checks:
            raise BadInput(f"{source}: problem {brief(name)} has no tests; remove the problem or give it tests")
        gradable.check_problem(row, problems.path / files.PROBLEMS)
        ordered = sorted(by_problem.get(name, ()), key=lambda test: int(test["test_index"]))
        for test in ordered:
            gradable.check_test(test, row["kind"], source)
        chosen = tuple(Test(test["input"], test["output"]) for test in ordered)
        answered = row["kind"] == gradable.ANSWER
        problem = ProblemTests("stdin" if answered else row["kind"], row["entry_point"], chosen, checks.get(name))
        found[name] = Question(problem, row["difficulty"], answered)
    return found


def _checks(tests: artifacts.Artifact, references: artifacts.Artifact, names: list[str]) -> dict[str, BenchmarkCheck]:
    """Return the checks of some problems, with the calls that they make."""
    calls: dict[str, list[str]] = {}
    rows = tables.rows(references.table(files.CALLS, tables.CALLS, problems=names))
    for row in sorted(rows, key=lambda row: int(row["call_index"])):
        calls.setdefault(row["problem_id"], []).append(row["arguments"])
    return {
        row["problem_id"]: BenchmarkCheck(
            row["entry_point"], row["reference"], row["check"], tuple(calls[row["problem_id"]])
        )
        for row in tables.rows(tests.table(files.CHECKS, tables.CHECKS, problems=names))
    }


def completions(
    generated: Sequence[artifacts.Artifact], known: Mapping[str, Question], *, shard: int = 0, shards: int = 1
) -> list[Answer]:
    """Return the generations that one shard grades, in the order of problems and samples; others are not held."""
    found: list[Answer] = []
    for each in generated:
        for data in each.samples_by_part(columns=[*COLUMNS, "completion_token_ids"]):
            mine = {
                name for name in data["problem_id"].unique().to_pylist() if artifacts.shard_of(name, shards) == shard
            }
            unknown = mine - known.keys()
            if unknown:
                raise BadInput(
                    f"{each.path}: problem {brief(min(unknown))} is not in the benchmark; run generate again"
                )
            found += _completions(data.filter(pc.is_in(data["problem_id"], pa.array(sorted(mine), pa.string()))))
    return sorted(found, key=lambda each: (each.problem_id, each.sample_index))


def _completions(data: pa.Table) -> Iterator[Answer]:
    """Yield the rows of a table of samples."""
    lengths = pc.list_value_length(data["completion_token_ids"]).to_pylist()
    for row, tokens in zip(data.select(COLUMNS).to_pylist(), lengths, strict=True):
        yield Answer(
            problem_id=row["problem_id"],
            sample_index=row["sample_index"],
            text=answer_of(row),
            truncated=row["finish_reason"] == "length",
            tokens=tokens,
            cut_while_thinking=cut_while_thinking(row),
            error=row["error"],
        )
