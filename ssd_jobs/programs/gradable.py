"""What a problem needs so that a verdict on its programs or answers means something.

Asked by `prepare`, before any GPU works for a benchmark whose grading would be refused, and again by the grader.
"""

import json
from collections.abc import Mapping
from typing import Any

from ssd_jobs.contract.printable import brief
from ssd_jobs.errors import BadInput, first_line
from ssd_jobs.matching import check_expected

__all__ = ["ANSWER", "DIFFICULTIES", "check_problem", "check_test"]

ANSWER = "answer"
"""The kind of a problem whose answers are no programs."""
KINDS = ("stdin", "functional", ANSWER)
DIFFICULTIES = ("easy", "medium", "hard")


def check_problem(problem: Mapping[str, Any], source: object) -> None:
    """Refuse a row of `tables.PROBLEMS` whose programs cannot be called; `source` begins the message."""
    name = brief(problem["problem_id"])
    if problem["difficulty"] not in ("", *DIFFICULTIES):
        raise BadInput(
            f"{source}: problem {name} has the unknown difficulty {brief(repr(problem['difficulty']))}; "
            f"use easy, medium or hard, or leave it empty"
        )
    if problem["kind"] not in KINDS:
        raise BadInput(
            f"{source}: problem {name} has the unknown kind {brief(repr(problem['kind']))}; use {', '.join(KINDS)}"
        )
    if (problem["kind"] == "functional") != bool(problem["entry_point"]):
        raise BadInput(
            f"{source}: problem {name}: a functional problem, and only one, names an entry_point; "
            f"starter code must begin a function or a class with a method"
        )


def check_test(test: Mapping[str, Any], kind: str, source: object) -> None:
    """Refuse a row of `tables.TESTS` that no program, or any program, would pass."""
    where = f"{source}: problem {brief(test['problem_id'])}, test {test['test_index']}"
    if not test["output"]:
        raise BadInput(f"{where}: has no expected output, so that any program would fail or pass by chance")
    if kind == ANSWER:
        trouble = check_expected(test["input"], test["output"])
        if trouble:
            raise BadInput(f"{where}: {trouble}; correct or remove the problem")
    if kind != "functional":
        return
    if not isinstance(_json(test["input"], f"{where}: the input"), list):
        raise BadInput(f"{where}: the input is no JSON list of arguments")
    _json(test["output"], f"{where}: the output")


def _json(text: str, what: str) -> object:
    """Return what JSON text holds."""
    try:
        return json.loads(text)
    except (ValueError, RecursionError) as error:
        raise BadInput(
            f"{what} is no JSON ({first_line(error)}); correct it in the source and run prepare again"
        ) from None
