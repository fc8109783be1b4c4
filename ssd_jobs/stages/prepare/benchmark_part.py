"""A benchmark or a part of it, as two artifacts: problems with prompts, and their tests, for stages with a sandbox."""

from collections import Counter
from collections.abc import Iterable, Iterator, Sequence, Set
from typing import Any

from ssd_jobs.artifacts import Output, Provenance, tables
from ssd_jobs.artifacts.appending import TableWriter, table_writer
from ssd_jobs.context import Context
from ssd_jobs.contract import BenchmarkPart, LiveCodeBench, PrepareExecution, files, science_of
from ssd_jobs.contract.printable import brief
from ssd_jobs.errors import BadInput
from ssd_jobs.models.prompts import Renderer
from ssd_jobs.programs import gradable
from ssd_jobs.stages.prepare import split
from ssd_jobs.stages.prepare.sources.benchmarks import Benchmark, open_benchmark
from ssd_jobs.stages.prepare.sources.problem import Case, Problem

__all__ = ["make"]

Counts = Counter[str]


def make(
    part: BenchmarkPart,
    execution: PrepareExecution,
    context: Context,
    renderer: Renderer,
    outputs: tuple[Output, Output],
    *,
    inputs: dict[str, str],
    apart_from: Set[bytes],
) -> None:
    """Write problems, prompts and tests in one pass; `outputs` are the benchmark's and its tests' directories.

    A part takes a pass before that, to learn which problems are in it: none whose statement is in `apart_from`.
    """
    workspace, offline = context.workspace, execution.offline
    source = open_benchmark(
        part.science.source, name=part.benchmark, workspace=workspace, offline=offline, asks=part.science.asks
    )
    members = None if part.science.split is None else split.members(part, source.problems(), apart_from)
    output, tests_output = outputs
    with output.claim() as draft, tests_output.claim() as tests_draft:
        draft.clear()
        tests_draft.clear()
        with (
            table_writer(draft.path / files.PROBLEMS, tables.PROBLEMS) as problems,
            table_writer(draft.path / files.PROMPTS, tables.PROMPTS) as prompts,
            table_writer(tests_draft.path / files.TESTS, tables.TESTS) as tests,
            table_writer(tests_draft.path / files.CHECKS, tables.CHECKS) as checks,
        ):
            read = Counts()
            inside = _inside(source.problems(), members, read)
            counts = _Writer(part, renderer, problems, prompts, tests, checks).write(inside)
        _check_count(part, read["problems"], source)
        facts = {**source.facts, **renderer.facts}
        made = Provenance(
            science=science_of(part.science), inputs=inputs, counts=counts, facts=facts, image=execution.image
        )
        tests_draft.finish(made)
        draft.finish(made)


def _inside(problems: Iterable[Problem], members: frozenset[str] | None, read: Counts) -> Iterator[Problem]:
    """Yield the problems of a part, and count those of all parts."""
    for problem in problems:
        read["problems"] += 1
        if members is None or problem.problem_id in members:
            yield problem


def _field(part: BenchmarkPart) -> str:
    return f"evaluation.benchmarks[{part.benchmark}]"


def _check_count(part: BenchmarkPart, found: int, source: Benchmark) -> None:
    """Refuse another number of problems than the user expects: the same name has meant several sets."""
    expected = part.science.expect_problems
    if expected in (None, found):
        return
    errata = int(str(source.facts.get("errata_left_out", 0)))
    besides = f" beside {errata} left out as errata (excludeErrata)" if errata else ""
    raise BadInput(
        f"{_field(part)}.expectProblems: {expected} are expected and {found} were found{besides}; "
        f"correct the source, or expect {found}"
    )


class _Writer:
    """The four tables of one benchmark."""

    def __init__(
        self,
        part: BenchmarkPart,
        renderer: Renderer,
        problems: TableWriter,
        prompts: TableWriter,
        tests: TableWriter,
        checks: TableWriter,
    ) -> None:
        self._part = part
        self._renderer = renderer
        self._problems = problems
        self._prompts = prompts
        self._tests = tests
        self._checks = checks
        self._field = _field(part)

    def write(self, source: Iterator[Problem]) -> Counts:
        """Write every problem; none, one that cannot be graded, or one twice is an error."""
        field = self._field
        seen: set[str] = set()
        counts = Counts()
        for problem in source:
            if problem.problem_id in seen:
                raise BadInput(
                    f"{field}: problem {brief(problem.problem_id)} is there twice; give every problem its own id"
                )
            if not problem.tests and not problem.check:
                raise BadInput(f"{field}: problem {brief(problem.problem_id)} has no tests; add tests or leave it out")
            seen.add(problem.problem_id)
            row = problem.row()
            self._add(row, problem.tests)
            self._add_check(problem)
            counts.update({"problems": 1, "tests": len(problem.tests), f"{row['difficulty'] or 'unrated'}": 1})
            counts.update({"checks": 1} if problem.check else {})
        if not seen:
            raise BadInput(f"{field}: no problems are left{self._hint()}")
        return counts

    def _add(self, row: dict[str, Any], tests: Sequence[Case]) -> None:
        """Write one problem."""
        gradable.check_problem(row, self._field)
        if (row["kind"] == gradable.ANSWER) != self._part.answered:
            sort, helps = ("programs", "Process") if self._part.answered else ("answers that are no programs", "Answer")
            raise BadInput(
                f"{self._field}.grading: problem {brief(row['problem_id'])} is about {sort}: write grading: [{helps}]"
            )
        (prompt,) = self._renderer.render([row])
        self._problems.add(row)
        self._prompts.add({"problem_id": row["problem_id"], "text": prompt.text, "token_ids": prompt.token_ids})
        for index, case in enumerate(tests):
            test = {
                "problem_id": row["problem_id"],
                "test_index": index,
                "input": case.input,
                "output": case.output,
                "public": case.public,
            }
            gradable.check_test(test, row["kind"], self._field)
            self._tests.add(test)
        self._tests.flush()

    def _add_check(self, problem: Problem) -> None:
        """Write the test that is a program, if there is one."""
        if problem.check:
            names = ("problem_id", "entry_point", "reference", "check")
            self._checks.add({name: getattr(problem, name) for name in names})

    def _hint(self) -> str:
        """Say what may have left nothing."""
        source = self._part.science.source
        if isinstance(source, LiveCodeBench):
            return f" between {source.start} and {source.end} in {source.release}; widen from and to"
        return "; give a source with problems and tests"
