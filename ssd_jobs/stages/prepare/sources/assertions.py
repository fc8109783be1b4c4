"""Tests that are a program's assertions, taken apart: literal ones are inputs and outputs, the rest stays a program.

`assert f(literals) == literal` says what goes in and what comes out, and is read without running anything. Whatever
else asserts something (an expected value that is computed, a tolerance, a loop over drawn inputs) remains a program
with a function `check(candidate)`, which the stages `reference` and `grade` run in the sandbox.
"""

import ast
import json
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from ssd_jobs.programs.parsing import parsed
from ssd_jobs.stages.prepare.sources.problem import Case

__all__ = ["CHECK", "Assertions", "classes_used", "program", "take_apart"]

CHECK = "check"


@dataclass(frozen=True)
class Assertions:
    """What some assertions say."""

    cases: tuple[Case, ...]
    check: str
    """The program of those that are no cases; empty where there are none."""
    unread: int
    """How many those are."""


def program(text: str) -> ast.Module:
    """Return the program in a text, or raise a ValueError."""
    tree = parsed(text)
    if tree is None:
        raise ValueError("a test or the reference solution is no program")
    return tree


def take_apart(body: Sequence[ast.stmt], *, around: Sequence[ast.stmt], function: str) -> Assertions:
    """Return what statements assert about a function that they call by this name; `around` is what they stand in.

    Only an assertion that stands by itself is a case: one in a loop or a branch says something else.
    """
    cases: list[Case] = []
    left: list[ast.stmt] = []
    for statement in body:
        case = _case(statement.test, function) if isinstance(statement, ast.Assert) else None
        if case is not None:
            cases.append(case)
        elif not (isinstance(statement, ast.Assert) and _is_true(statement.test)):
            left.append(statement)
    unread = sum(isinstance(node, ast.Assert) for statement in left for node in ast.walk(statement))
    return Assertions(tuple(cases), _check(left, around, function) if unread else "", unread)


def classes_used(code: ast.Module, statements: Sequence[ast.stmt]) -> bool:
    """Return whether statements make objects of a class that only this code defines, and no prompt speaks of."""
    classes = {node.name for node in code.body if isinstance(node, ast.ClassDef)}
    names = {node.id for statement in statements for node in ast.walk(statement) if isinstance(node, ast.Name)}
    return not classes.isdisjoint(names)


def _check(body: Sequence[ast.stmt], around: Sequence[ast.stmt], function: str) -> str:
    """Return statements as the body of `check`, whose parameter is the function that they call."""
    parameter = ast.arguments(posonlyargs=[], args=[ast.arg(function)], kwonlyargs=[], kw_defaults=[], defaults=[])
    check = ast.FunctionDef(name=CHECK, args=parameter, body=list(body), decorator_list=[], lineno=1)
    return ast.unparse(ast.Module(body=[*around, check], type_ignores=[]))


def _is_true(test: ast.expr) -> bool:
    """Return whether an assertion asserts nothing."""
    return isinstance(test, ast.Constant) and bool(test.value)


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
