"""The toy's problems, as training pool and as benchmark."""

from collections.abc import Iterator
from functools import cache

from ssd_jobs.stages.prepare.sources.problem import Case, Problem
from ssd_jobs.toy import tasks

__all__ = ["BENCHMARK_SIZE", "POOL_SIZE", "benchmark", "pool"]

POOL_SIZE = 6000
BENCHMARK_SIZE = 160
SAMPLE_INPUTS = 2


def pool() -> Iterator[Problem]:
    """Yield the training problems, with inputs on which their programs may be run."""
    yield from _pool()


def benchmark() -> Iterator[Problem]:
    """Yield the benchmark's problems with their tests."""
    for problem in tasks.benchmark(BENCHMARK_SIZE):
        yield _problem(problem, inputs=0)


@cache
def _pool() -> tuple[Problem, ...]:
    """Make the pool once; it is read twice."""
    return tuple(_problem(problem, inputs=SAMPLE_INPUTS) for problem in tasks.problems(POOL_SIZE))


def _problem(problem: tasks.ToyProblem, *, inputs: int) -> Problem:
    """Return one problem; the tiny model knows its functions by their statement and was never shown starter code."""
    return Problem(
        problem_id=problem.id,
        statement=problem.statement,
        kind=problem.kind,
        entry_point=problem.entry_point,
        difficulty=problem.difficulty,
        sample_inputs=tuple(case.input for case in problem.tests[:inputs]),
        tests=tuple(Case(case.input, case.output) for case in problem.tests),
    )
