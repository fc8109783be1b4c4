"""The problems that the package ships, as training pools and as benchmarks."""

from collections.abc import Callable, Iterator, Mapping
from functools import cache

from ssd_jobs.stages.prepare.sources.problem import Case, Problem
from ssd_jobs.toy import tasks
from ssd_jobs.toy.machine import problems as machine

__all__ = ["BENCHMARKS", "POOLS", "TOY_BENCHMARK_SIZE", "TOY_POOL_SIZE"]

TOY_POOL_SIZE = 6000
TOY_BENCHMARK_SIZE = 160
SAMPLE_INPUTS = 2


@cache
def _toy_problems() -> tuple[Problem, ...]:
    """Make the pool once; it is read twice."""
    return tuple(_of_toy(problem, inputs=SAMPLE_INPUTS) for problem in tasks.problems(TOY_POOL_SIZE))


def _toy_pool() -> Iterator[Problem]:
    """Yield the toy's training problems, with inputs on which their programs may be run."""
    yield from _toy_problems()


def _toy_benchmark() -> Iterator[Problem]:
    """Yield the toy benchmark's problems with their tests."""
    for problem in tasks.benchmark(TOY_BENCHMARK_SIZE):
        yield _of_toy(problem, inputs=0)


def _of_toy(problem: tasks.ToyProblem, *, inputs: int) -> Problem:
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


def _machine_pool() -> Iterator[Problem]:
    """Yield the machine's training problems."""
    for name, statement in machine.pool():
        yield Problem(
            problem_id=name, statement=statement, sample_inputs=tuple(case.input for case in _machine_cases())
        )


def _machine_benchmark() -> Iterator[Problem]:
    """Yield the machine's problems with the tests that tell its right programs from all others."""
    for name, statement in machine.benchmark():
        yield Problem(problem_id=name, statement=statement, tests=_machine_cases())


@cache
def _machine_cases() -> tuple[Case, ...]:
    return tuple(Case(f"{number}\n", f"{machine.answer(number)}\n") for number in machine.INPUTS)


POOLS: Mapping[str, Callable[[], Iterator[Problem]]] = {"toy": _toy_pool, "machine": _machine_pool}
"""Training problems under their name in `prompts.source.builtin`; each can be read again from the beginning."""
BENCHMARKS: Mapping[str, Callable[[], Iterator[Problem]]] = {"toy": _toy_benchmark, "machine": _machine_benchmark}
"""Problems with tests under their name in `evaluation.benchmarks[].source.builtin`."""
