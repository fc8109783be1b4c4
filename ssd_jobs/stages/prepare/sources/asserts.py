"""HumanEval and MBPP: their tests are programs with assertions.

Where the stage `reference` follows, every assertion counts. Rows of a user's own in one of these layouts have no such
stage: of them only literal assertions are read, and a problem that has none is left out, because its verdicts would
mean nothing. What was left out is on record: the problems by name, the assertions by number.
"""

import ast
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Literal

from pydantic import JsonValue

from ssd_jobs.contract.printable import brief
from ssd_jobs.errors import BadInput
from ssd_jobs.stages.prepare.sources import rows
from ssd_jobs.stages.prepare.sources.assertions import CHECK, Assertions, classes_used, program, take_apart
from ssd_jobs.stages.prepare.sources.problem import Problem, checked_name

__all__ = ["Asserted", "Form", "form_of"]

Form = Literal["HumanEval", "MBPP"]
HUMANEVAL = ("task_id", "prompt", "entry_point", "test")
SOLUTION = "canonical_solution"
MBPP = ("task_id", "text", "prompt", "code", "test_list", "challenge_test_list", "test_setup_code", "test_imports")
COLUMNS: dict[Form, tuple[str, ...]] = {"HumanEval": (*HUMANEVAL, SOLUTION), "MBPP": MBPP}


def form_of(columns: frozenset[str]) -> Form | None:
    """Recognise a layout by its columns."""
    if columns.issuperset(HUMANEVAL):
        return "HumanEval"
    return "MBPP" if columns.issuperset({"task_id", "test_list", "code"}) else None


@dataclass
class Asserted:
    """The problems of some files in one of the two layouts; `facts` is complete once they were read."""

    files: Sequence[Path]
    form: Form
    facts: dict[str, JsonValue] = field(default_factory=dict)
    referenced: bool = False
    """True where the stage `reference` follows, so that a test may be a program."""

    def problems(self) -> Iterator[Problem]:
        """Yield every problem that has a test."""
        left_out: list[JsonValue] = []
        unread = 0
        for place, row in rows.scan(self.files, COLUMNS[self.form]):
            problem, unread_here = self._problem(row, place)
            if problem.tests or problem.check:
                unread += unread_here
                yield problem
            else:
                left_out.append(problem.problem_id)
        self.facts |= {"form": self.form, "problems_left_out": left_out, "assertions_left_out": unread}

    def _problem(self, row: rows.Row, place: str) -> tuple[Problem, int]:
        """Return one row with the number of its assertions that are no test."""
        try:
            found, assertions = _humaneval(row) if self.form == "HumanEval" else _mbpp(row)
        except (KeyError, TypeError, ValueError, AttributeError, RecursionError) as error:
            raise BadInput(f"{place}: is no row of {self.form} ({brief(repr(error))}); correct or remove it") from None
        found = replace(found, tests=assertions.cases)
        if self.referenced and found.reference:
            found = replace(found, check=assertions.check)
        if found.tests or found.check:
            checked_name(found.entry_point, f"{place}: the function under test")
        return found, 0 if found.check else assertions.unread


def _humaneval(row: rows.Row) -> tuple[Problem, Assertions]:
    """Return one HumanEval task: the function's own text is all that is shown, so statement and starter code are it."""
    tests = program(row["test"])
    checks = [node for node in tests.body if isinstance(node, ast.FunctionDef) and node.name == CHECK]
    around = [node for node in tests.body if node not in checks]
    [check] = checks
    [candidate] = check.args.args
    problem = Problem(
        problem_id=str(row["task_id"]),
        statement=row["prompt"].strip(),
        starter_code=row["prompt"],
        kind="functional",
        entry_point=str(row["entry_point"]),
        reference=row["prompt"] + (row.get(SOLUTION) or ""),
    )
    return problem, take_apart(check.body, around=around, function=candidate.arg)


def _mbpp(row: rows.Row) -> tuple[Problem, Assertions]:
    """Return one MBPP task; of the reference solution only the signature is shown.

    One whose tests make objects of a class that the solution defines has no test: nothing tells a program of the class.
    """
    code = program(row["code"])
    tests = [*row["test_list"], *(row.get("challenge_test_list") or [])]
    body = [statement for test in tests for statement in program(test).body]
    around = program("\n".join([row.get("test_setup_code") or "", *(row.get("test_imports") or [])])).body
    function = _tested(code, body)
    problem = Problem(
        problem_id=f"MBPP/{row['task_id']}",
        statement=str(row.get("text") or row["prompt"]),
        starter_code=f"def {function.name}({ast.unparse(function.args)}):\n",
        kind="functional",
        entry_point=function.name,
        reference="" if classes_used(code, [*body, *around]) else row["code"],
    )
    return problem, take_apart(body, around=around, function=function.name)


def _tested(code: ast.Module, body: Sequence[ast.stmt]) -> ast.FunctionDef:
    """Return the function of a solution that the tests call."""
    functions = {node.name: node for node in code.body if isinstance(node, ast.FunctionDef)}
    for statement in body:
        for node in ast.walk(statement):
            if isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id in functions:
                return functions[node.func.id]
    raise ValueError("no test calls a function of the solution")
