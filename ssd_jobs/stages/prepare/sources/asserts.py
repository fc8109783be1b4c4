"""HumanEval and MBPP: their tests are Python assertions, ours are inputs and outputs.

An assertion of the form `assert f(literals) == literal` says exactly that, and only those are taken; nothing is
executed to find out about the others. A problem of which no assertion can be read this way is left out, because
its verdicts would mean nothing. What was left out is on record: the problems by name, the assertions by number.
"""

import ast
import json
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Literal

from pydantic import JsonValue

from ssd_jobs.errors import BadInput
from ssd_jobs.programs.parsing import parsed
from ssd_jobs.stages.prepare.sources import rows
from ssd_jobs.stages.prepare.sources.problem import Case, Problem, checked_name

__all__ = ["Asserted", "Form", "cases", "form_of"]

Form = Literal["HumanEval", "MBPP"]
HUMANEVAL = ("task_id", "prompt", "entry_point", "test")
MBPP = ("task_id", "text", "prompt", "code", "test_list", "challenge_test_list")


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

    def problems(self) -> Iterator[Problem]:
        """Yield every problem that has a readable test."""
        left_out: list[JsonValue] = []
        unread = 0
        for place, row in rows.scan(self.files, HUMANEVAL if self.form == "HumanEval" else MBPP):
            problem, assertions = self._problem(row, place)
            if problem.tests:
                unread += assertions - len(problem.tests)
                yield problem
            else:
                left_out.append(problem.problem_id)
        self.facts |= {"form": self.form, "problems_left_out": left_out, "assertions_left_out": unread}

    def _problem(self, row: rows.Row, place: str) -> tuple[Problem, int]:
        """Return one row with its number of assertions."""
        try:
            found, assertions = _humaneval(row) if self.form == "HumanEval" else _mbpp(row)
        except (KeyError, TypeError, ValueError, AttributeError, RecursionError) as error:
            raise BadInput(f"{place}: is no row of {self.form} ({error!r}); correct or remove it") from None
        if found.tests:
            checked_name(found.entry_point, f"{place}: the function under test")
        return found, assertions


def cases(source: str, function: str) -> list[Case]:
    """Return the assertions about calls of a function, wherever they stand, that compare literals."""
    found = [_case(node.test, function) for node in _assertions(source)]
    return [case for case in found if case is not None]


def _assertions(source: str) -> list[ast.Assert]:
    """Return every assertion of a program."""
    return [node for node in _nodes(source) if isinstance(node, ast.Assert)]


def _nodes(source: str) -> Iterator[ast.AST]:
    """Yield every part of a program, and none of a text that is no program."""
    tree = parsed(source)
    return iter(()) if tree is None else ast.walk(tree)


def _humaneval(row: rows.Row) -> tuple[Problem, int]:
    """Return one HumanEval task and its number of assertions; the function's own text is its starter code."""
    problem = Problem(
        problem_id=str(row["task_id"]),
        statement="Complete the function so that it does what its documentation says.\n\n" + row["prompt"].strip(),
        starter_code=row["prompt"],
        kind="functional",
        entry_point=str(row["entry_point"]),
        tests=tuple(cases(row["test"], "candidate")),
    )
    return problem, len(_assertions(row["test"]))


def _mbpp(row: rows.Row) -> tuple[Problem, int]:
    """Return one MBPP task and its number of assertions; of the reference program only the signature is shown."""
    function = _asserted(row["test_list"])
    tests = "\n".join([*row["test_list"], *(row.get("challenge_test_list") or [])])
    problem = Problem(
        problem_id=f"MBPP/{row['task_id']}",
        statement=str(row.get("text") or row["prompt"]),
        starter_code=_signature(row["code"], function),
        kind="functional",
        entry_point=function,
        tests=tuple(cases(tests, function)),
    )
    return problem, len(_assertions(tests))


def _asserted(tests: Sequence[str]) -> str:
    """Return the name of the function that the first readable assertion calls."""
    for test in tests:
        for node in _nodes(test):
            if (
                isinstance(node, ast.Compare)
                and isinstance(node.left, ast.Call)
                and isinstance(node.left.func, ast.Name)
            ):
                return node.left.func.id
    return ""


def _signature(code: str, function: str) -> str:
    """Return the `def` line of a function."""
    tree = parsed(code)
    for node in tree.body if tree is not None else ():
        if isinstance(node, ast.FunctionDef) and node.name == function:
            return f"def {node.name}({ast.unparse(node.args)}):\n"
    return ""


def _case(test: ast.expr, function: str) -> Case | None:
    """Return the case that an assertion states, None when it states something else."""
    if not isinstance(test, ast.Compare) or len(test.ops) != 1 or not isinstance(test.ops[0], ast.Eq | ast.Is):
        return None
    call = test.left
    if not isinstance(call, ast.Call) or not isinstance(call.func, ast.Name) or call.func.id != function:
        return None
    try:
        arguments = [_plain(ast.literal_eval(argument)) for argument in call.args]
        expected = _plain(ast.literal_eval(test.comparators[0]))
        return None if call.keywords else Case(json.dumps(arguments), json.dumps(expected))
    except (ValueError, TypeError, RecursionError):
        return None


def _plain(value: Any) -> Any:
    """Return a value that JSON can hold without changing what it is equal to; a tuple becomes a list."""
    if isinstance(value, list | tuple):
        return [_plain(each) for each in value]
    if isinstance(value, dict):
        if not all(isinstance(key, str) for key in value):
            raise ValueError("a key is no text")
        return {key: _plain(each) for key, each in value.items()}
    if value is None or isinstance(value, str | int | float | bool):
        return value
    raise ValueError("JSON has no such value")
