"""Benchmarks whose answers are no programs, in the layouts in which they are published, or in our own.

    {"id": "capital", "statement": "What is the capital of France?", "form": "text", "answer": "Paris"}

`form` is integer, choice, value or text; a choice has `choices`, of which the answer is the letter. The other layouts
are those of AIME (problem, answer), MMLU (question, choices, answer), CruxEval (code, input, output: the output is
asked for, or an input that gives it) and IFEval (prompt, instruction_id_list, kwargs: every rule is a test). How to
mark the answer is told in the statement: a model that was not asked for a form is not wrong when it chooses another.
"""

import json
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from pydantic import JsonValue

from ssd_jobs.errors import BadInput
from ssd_jobs.stages.prepare.sources import rows
from ssd_jobs.stages.prepare.sources.problem import Case, Problem, identified

__all__ = ["Answered", "layout_of"]

BOXED = "Put the final answer in \\boxed{}."
LETTER = "End with a line that says: Answer: and the letter of the right option."
CALL = "Put the call of f with its arguments, such as f(1), between [ANSWER] and [/ANSWER]."
LITERAL = "Put the value, as a literal of Python, between [ANSWER] and [/ANSWER]."
MARKED = "End with a line that says: Answer: and the answer, and nothing else."
INSTRUCTIONS: Final = {"integer": BOXED, "choice": LETTER, "value": LITERAL, "text": MARKED}

Row = Mapping[str, Any]


def _own(row: Row) -> Problem:
    form = str(row.get("form") or "text")
    choices = [str(each) for each in row.get("choices") or []]
    statement = _with_options(str(row["statement"]), choices) if choices else str(row["statement"])
    told = INSTRUCTIONS.get(form, "")
    case = Case(_asked(form, choices), _text(row["answer"]))
    return _problem(row.get("id"), f"{statement}\n\n{told}", [case], str(row.get("difficulty") or ""))


def _aime(row: Row) -> Problem:
    named = {key.lower(): value for key, value in row.items()}
    case = Case(_asked("integer"), _text(named["answer"]))
    told = "The answer is an integer from 0 to 999. " + BOXED
    return _problem(named.get("id"), f"{named['problem']}\n\n{told}", [case])


def _mmlu(row: Row) -> Problem:
    choices = [str(each) for each in row["choices"]]
    answer = row["answer"]
    letter = chr(ord("A") + answer) if isinstance(answer, int) else str(answer)
    statement = _with_options(str(row["question"]), choices)
    return _problem(row.get("id"), f"{statement}\n\n{LETTER}", [Case(_asked("choice", choices), letter)])


def _cruxeval(row: Row) -> Problem:
    statement = f"```python\n{row['code']}\n```\n\nWhat does f({row['input']}) return?\n\n{LITERAL}"
    return _problem(row.get("id"), statement, [Case(_asked("value"), str(row["output"]))])


def _cruxeval_input(row: Row) -> Problem:
    code, output = row["code"], str(row["output"])
    if not isinstance(code, str):
        raise TypeError("code is no text")
    statement = (
        f"```python\n{code}\n```\n\nFor which arguments does f return {output}? Any that do are right.\n\n{CALL}"
    )
    form = json.dumps({"form": "call", "function": "f", "code": code})
    return _problem(row.get("id"), statement, [Case(form, output)])


def _ifeval(row: Row) -> Problem:
    pairs = zip(row["instruction_id_list"], row["kwargs"], strict=True)
    tests = [Case(_asked("rule"), json.dumps({"id": rule, "args": given or {}})) for rule, given in pairs]
    return _problem(row.get("key"), str(row["prompt"]), tests)


@dataclass(frozen=True)
class Layout:
    """One way in which such a benchmark is written."""

    name: str
    needed: frozenset[str]
    """Columns by which it is recognised, in lower case."""
    beside: tuple[str, ...]
    """Columns that are read where they are there."""
    problem: Callable[[Row], Problem]


LAYOUTS: Final = (
    Layout("answers", frozenset({"statement", "answer"}), ("id", "form", "choices", "difficulty"), _own),
    Layout("MMLU", frozenset({"question", "choices", "answer"}), ("id",), _mmlu),
    Layout("AIME", frozenset({"problem", "answer"}), ("id",), _aime),
    Layout("CruxEval", frozenset({"code", "input", "output"}), ("id",), _cruxeval),
    Layout("IFEval", frozenset({"prompt", "instruction_id_list", "kwargs"}), ("key",), _ifeval),
)
INPUTS: Final = Layout("CruxEval-I", frozenset({"code", "output"}), ("id",), _cruxeval_input)


def layout_of(columns: frozenset[str], *, inputs: bool = False) -> Layout | None:
    """Recognise a layout by its columns, whatever the case of their names; `inputs`: an input is asked for."""
    found = {column.lower() for column in columns}
    if inputs:
        return INPUTS if INPUTS.needed <= found else None
    return next((layout for layout in LAYOUTS if layout.needed <= found), None)


@dataclass(frozen=True)
class Answered:
    """The problems of some files in one of the layouts."""

    files: Sequence[Path]
    layout: Layout
    facts: dict[str, JsonValue]

    def problems(self) -> Iterator[Problem]:
        """Yield every row as a problem."""
        known = {column for file in self.files for column in rows.columns(file)}
        wanted = {*self.layout.needed, *self.layout.beside}
        for place, row in rows.scan(self.files, sorted(column for column in known if column.lower() in wanted)):
            try:
                yield self.layout.problem(row)
            except (KeyError, TypeError, ValueError):
                needed = ", ".join(sorted(self.layout.needed))
                raise BadInput(
                    f"{place}: is no row of the layout {self.layout.name}; it needs {needed}, each of its own type"
                ) from None


def _asked(form: str, choices: Sequence[str] = ()) -> str:
    return json.dumps({"form": form, "choices": list(choices)})


def _text(value: object) -> str:
    """Return an answer as text; what has no text form of its own, as JSON."""
    return value if isinstance(value, str) else json.dumps(value)


def _with_options(question: str, choices: Sequence[str]) -> str:
    options = "\n".join(f"{chr(ord('A') + number)}. {choice}" for number, choice in enumerate(choices))
    return f"{question}\n\n{options}"


def _problem(name: object, statement: str, tests: Sequence[Case], difficulty: str = "") -> Problem:
    problem_id = "" if name is None else str(name)
    return identified(
        Problem(problem_id, statement.strip(), kind="answer", difficulty=difficulty.lower(), tests=tuple(tests))
    )
