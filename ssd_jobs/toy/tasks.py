"""Toy programming problems: a pool to distil on and a benchmark to measure with, which never share a problem.

Both are drawn from one space of "read a list, do one to three steps, give the result" programs. A hash of the program
sends nine tenths of that space to the pool and one tenth to the benchmark, whatever the count and the seed. Half of
the problems are programs that read stdin and write stdout, half are functions with JSON arguments, so that both paths
of a grader are walked. Expected outputs are computed here, not by running any generated code.
"""

from __future__ import annotations

import hashlib
import itertools
import json
import random
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Literal

from ssd_jobs.toy.steps import REDUCTIONS, STEPS, Reduction, Step

__all__ = [
    "FUNCTION_NAME",
    "Difficulty",
    "Kind",
    "Part",
    "Recipe",
    "ToyCase",
    "ToyProblem",
    "benchmark",
    "problems",
    "recipes",
]

Difficulty = Literal["easy", "medium", "hard"]
Kind = Literal["stdin", "functional"]
Part = Literal["pool", "benchmark"]

FUNCTION_NAME = "solve"
_DIFFICULTIES: tuple[Difficulty, ...] = ("easy", "medium", "hard")
_KINDS: tuple[Kind, ...] = ("stdin", "functional")
_TESTS_PER_PROBLEM = 8
_LEAST_DIFFERENT_OUTPUTS = 4
_DRAWS_PER_TURN = 50
_MOST = 50_000


@dataclass(frozen=True, slots=True)
class ToyCase:
    """One input and the only right output: text for a program, a JSON list of arguments for a function."""

    input: str
    output: str


@dataclass(frozen=True, slots=True)
class Recipe:
    """A problem's meaning: the steps, how it ends, and whether it is a program or a function."""

    steps: tuple[Step, ...]
    reduction: Reduction
    kind: Kind

    @property
    def id(self) -> str:
        """A name that says what the problem asks."""
        return "-".join((self.kind, *(step.id for step in self.steps), self.reduction.name))

    @property
    def difficulty(self) -> Difficulty:
        """One step is easy, two are medium, three are hard."""
        return _DIFFICULTIES[len(self.steps) - 1]

    @property
    def statement(self) -> str:
        """What the model reads."""
        stdin = self.kind == "stdin"
        start = "Read integers from one line." if stdin else f"Write {FUNCTION_NAME}(a) for a list of integers."
        end = f"{'Print' if stdin else 'Return'} {self.reduction.phrase}."
        return " ".join((start, *(step.phrase for step in self.steps), end))

    def answer(self, numbers: list[int]) -> int | list[int]:
        """The right answer."""
        for step in self.steps:
            numbers = step.apply(numbers)
        return self.reduction.apply(numbers)


@dataclass(frozen=True, slots=True)
class ToyProblem:
    """A problem as data set rows carry it; `entry_point` is empty for stdin programs."""

    id: str
    statement: str
    entry_point: str
    difficulty: Difficulty
    kind: Kind
    tests: tuple[ToyCase, ...]


def problems(count: int, seed: int = 0) -> tuple[ToyProblem, ...]:
    """`count` distinct problems of the pool; a longer call with the same seed starts with the shorter one's."""
    return _take(count, part="pool", seed=seed)


def benchmark(count: int = 160, seed: int = 0) -> tuple[ToyProblem, ...]:
    """`count` distinct problems that no pool contains, the three difficulties in turn."""
    return _take(count, part="benchmark", seed=seed)


def recipes(*, part: Part, seed: int) -> Iterator[Recipe]:
    """An endless stream of meanings, difficulties in turn; they may repeat."""
    rng = random.Random(f"toy-{part}-{seed}")  # noqa: S311 - a draw of homework, not of keys
    for difficulty in itertools.cycle(_DIFFICULTIES):
        yield _draw(rng, difficulty, part)


def _take(count: int, *, part: Part, seed: int) -> tuple[ToyProblem, ...]:
    """Problems in the order drawn; a difficulty with nothing new left loses its turn."""
    if count > _MOST:
        raise ValueError(f"{count} toy problems were asked for: ask for at most {_MOST}")
    rng = random.Random(f"toy-{part}-{seed}")  # noqa: S311 - a draw of homework, not of keys
    found: dict[str, ToyProblem] = {}
    for difficulty in itertools.cycle(_DIFFICULTIES):
        if len(found) == count:
            break
        for _ in range(_DRAWS_PER_TURN):
            recipe = _draw(rng, difficulty, part)
            if recipe.id not in found and (tests := _tests(recipe)):
                found[recipe.id] = _problem(recipe, tests)
                break
    return tuple(found.values())


def _draw(rng: random.Random, difficulty: Difficulty, part: Part) -> Recipe:
    length = _DIFFICULTIES.index(difficulty) + 1
    while True:
        steps = tuple(rng.choice(STEPS) for _ in range(length))
        recipe = Recipe(steps=steps, reduction=rng.choice(REDUCTIONS), kind=rng.choice(_KINDS))
        if (_share(recipe.id) == 0) == (part == "benchmark"):
            return recipe


def _share(name: str) -> int:
    """The tenth of the space a name falls into."""
    return hashlib.sha256(name.encode()).digest()[0] * 10 // 256


def _problem(recipe: Recipe, tests: tuple[ToyCase, ...]) -> ToyProblem:
    functional = recipe.kind == "functional"
    return ToyProblem(
        id=recipe.id,
        statement=recipe.statement,
        entry_point=f"Solution.{FUNCTION_NAME}" if functional else "",
        difficulty=recipe.difficulty,
        kind=recipe.kind,
        tests=tests,
    )


def _tests(recipe: Recipe) -> tuple[ToyCase, ...]:
    """The same tests for a recipe every time; none where its answers hardly depend on the input."""
    rng = random.Random(recipe.id)  # noqa: S311 - a draw of homework, not of keys
    inputs = [[rng.randint(-30, 30) for _ in range(rng.randint(5, 11))] for _ in range(_TESTS_PER_PROBLEM)]
    answers = [recipe.answer(numbers) for numbers in inputs]
    if len({str(answer) for answer in answers}) < _LEAST_DIFFERENT_OUTPUTS:
        return ()
    pairs = zip(inputs, answers, strict=True)
    if recipe.kind == "functional":
        return tuple(ToyCase(json.dumps([given]), json.dumps(wanted)) for given, wanted in pairs)
    return tuple(ToyCase(_as_text(given), _as_text(wanted)) for given, wanted in pairs)


def _as_text(value: int | list[int]) -> str:
    return (" ".join(map(str, value)) if isinstance(value, list) else str(value)) + "\n"
