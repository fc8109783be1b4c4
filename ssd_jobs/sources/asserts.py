"""HumanEval and MBPP: their tests are Python assertions, ours are inputs and outputs.

An assertion of the form `assert f(literals) == literal` says exactly that, and only those are taken; nothing is
executed to find out about the others. A problem of which no assertion can be read this way is left out, because
its verdicts would mean nothing, and `facts` of the benchmark count what was taken.
"""

import ast
import json
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any, Literal

from ssd_jobs.sources import rows
from ssd_jobs.sources.problem import Case, Problem

__all__ = ["Form", "cases", "form_of", "problems"]

Form = Literal["HumanEval", "MBPP"]
HUMANEVAL = ("task_id", "prompt", "entry_point", "test")
MBPP = ("task_id", "text", "prompt", "code", "test_list", "challenge_test_list")


def form_of(columns: frozenset[str]) -> Form | None:
    """Recognise a layout by its columns."""
    if columns.issuperset(HUMANEVAL):
        return "HumanEval"
    return "MBPP" if columns.issuperset({"task_id", "test_list", "code"}) else None


def problems(files: Sequence[Path], form: Form) -> Iterator[Problem]:
    """Yield every problem that has a readable test."""
    for _, row in rows.scan(files, HUMANEVAL if form == "HumanEval" else MBPP):
        problem = _humaneval(row) if form == "HumanEval" else _mbpp(row)
        if problem.tests:
            yield problem


def cases(source: str, function: str) -> list[Case]:
    """Return the assertions about calls of a function, wherever they stand, that compare literals."""
    try:
        tree = ast.parse(source)
    except SyntaxError:
        return []
    found = [_case(node.test, function) for node in ast.walk(tree) if isinstance(node, ast.Assert)]
    return [case for case in found if case is not None]


def _humaneval(row: rows.Row) -> Problem:
    """Return one HumanEval task; the function's own text is its starter code."""
    return Problem(
        problem_id=str(row["task_id"]),
        statement="Complete the function so that it does what its documentation says.\n\n" + row["prompt"].strip(),
        starter_code=row["prompt"],
        kind="functional",
        entry_point=row["entry_point"],
        tests=tuple(cases(row["test"], "candidate")),
    )


def _mbpp(row: rows.Row) -> Problem:
    """Return one MBPP task; of the reference program only the signature is shown."""
    signature = _signature(row["code"], _asserted(row["test_list"]))
    tests = "\n".join([*row["test_list"], *(row.get("challenge_test_list") or [])])
    return Problem(
        problem_id=f"MBPP/{row['task_id']}",
        statement=str(row.get("text") or row["prompt"]),
        starter_code=signature,
        kind="functional",
        entry_point=_asserted(row["test_list"]),
        tests=tuple(cases(tests, _asserted(row["test_list"]))),
    )


def _asserted(tests: Sequence[str]) -> str:
    """Return the name of the function that the first readable assertion calls."""
    for test in tests:
        try:
            nodes = list(ast.walk(ast.parse(test)))
        except SyntaxError:
            continue
        calls = [node.left for node in nodes if isinstance(node, ast.Compare) and isinstance(node.left, ast.Call)]
        for call in calls:
            if isinstance(call.func, ast.Name):
                return call.func.id
    return ""


def _signature(code: str, function: str) -> str:
    """Return the `def` line of a function."""
    try:
        tree = ast.parse(code)
    except SyntaxError:
        return ""
    for node in tree.body:
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
    except (ValueError, TypeError, RecursionError):
        return None
    if call.keywords:
        return None
    return Case(json.dumps(arguments), json.dumps(expected))


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
