"""Tables with one problem per row, in the user's columns or in our own layout.

    {"id": "double", "statement": "Print twice …", "starterCode": "", "difficulty": "easy",
     "tests": [{"input": "3\\n", "output": "6\\n"}], "sampleInputs": ["3\\n"]}

A problem with starter code is a function: an input is then the list of its arguments, an output the value that it
returns, both as JSON or as text that holds JSON. Without starter code it is a program, and both are text.
"""

import json
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from ssd_jobs.contract import Columns
from ssd_jobs.contract.printable import brief
from ssd_jobs.errors import BadInput, first_line
from ssd_jobs.stages.prepare.sources import rows
from ssd_jobs.stages.prepare.sources.problem import Case, Kind, Problem, checked_name, entry_point, identified

__all__ = ["Table"]


@dataclass(frozen=True)
class Table:
    """Files of problems and what their columns mean."""

    files: Sequence[Path]
    columns: Columns
    field: str
    """Where the user named the source, for messages."""
    required: frozenset[str]
    """Meanings whose column must be there."""
    passed_column: str = ""

    def check(self) -> None:
        """Raise BadInput for a mapped column that is missing, before anything is read."""
        meanings = self.columns.model_dump() | ({"passed": self.passed_column} if self.passed_column else {})
        for file in self.files:
            present = rows.columns(file)
            for meaning, column in meanings.items():
                needed = meaning in self.required or meaning == "passed"
                if needed and column and present and column not in present:
                    where = "prompts.requirePassedColumn" if meaning == "passed" else f"{self.field}.columns"
                    raise BadInput(f"{where}: {file} has no column {brief(repr(column))}; it has {sorted(present)}")

    def problems(self) -> Iterator[Problem]:
        """Yield every row as a problem."""
        wanted = [column for column in (*self.columns.model_dump().values(), self.passed_column) if column]
        for place, row in rows.scan(self.files, wanted):
            yield self._problem(place, row)

    def _problem(self, place: str, row: rows.Row) -> Problem:
        """Return one row as a problem."""
        statement = self._text(row, self.columns.statement, place)
        starter = self._text(row, self.columns.starter_code, place)
        kind: Kind = "functional" if starter.strip() else "stdin"
        tests = _listed(row.get(self.columns.tests), place, self.columns.tests)
        inputs = _listed(row.get(self.columns.sample_inputs), place, self.columns.sample_inputs)
        function = entry_point(starter) if kind == "functional" else ""
        for part in filter(None, function.split(".")):
            checked_name(part, f"{place}: {self.columns.starter_code}")
        if not statement.strip():
            raise BadInput(f"{place}: {self.columns.statement} is empty; give every problem a statement")
        return identified(
            Problem(
                problem_id=self._text(row, self.columns.id, place),
                statement=statement,
                starter_code=starter,
                kind=kind,
                entry_point=function,
                difficulty=self._text(row, self.columns.difficulty, place).lower(),
                sample_inputs=tuple(_sample_input(each, kind, place) for each in inputs),
                tests=tuple(_case(each, kind, place) for each in tests),
                passed=_truth(row.get(self.passed_column)) if self.passed_column else True,
            )
        )

    def _text(self, row: rows.Row, column: str, place: str) -> str:
        """Return a column as text; a missing or empty one is empty text."""
        value = row.get(column) if column else None
        if value is None:
            return ""
        if isinstance(value, bool) or not isinstance(value, str | int):
            raise BadInput(f"{place}: {column} is no text; map the right column")
        return str(value)


def _listed(value: Any, place: str, column: str) -> list[Any]:
    """Return a list, which may be written as JSON text."""
    if value is None or value == "":
        return []
    if isinstance(value, str):
        try:
            value = json.loads(value)
        except (ValueError, RecursionError):
            raise BadInput(f"{place}: {column} is neither a list nor JSON text of one; map the right column") from None
    if not isinstance(value, list):
        raise BadInput(f"{place}: {column} is no list; map the right column")
    return value


def _case(value: Any, kind: Kind, place: str) -> Case:
    """Return one test."""
    if not isinstance(value, dict) or not {"input", "output"} <= value.keys():
        raise BadInput(f"{place}: a test lacks input or output; write {{'input': …, 'output': …}}")
    given, expected = (_encoded(value[name], kind, place) for name in ("input", "output"))
    return Case(given, expected, bool(value.get("public", False)))


def _sample_input(value: Any, kind: Kind, place: str) -> str:
    """Return an input that curation may run programs on; a function that cannot be called would look broken."""
    text = _encoded(value, kind, place)
    if kind == "functional" and not isinstance(json.loads(text), list):
        raise BadInput(f"{place}: a sample input is no list of arguments; write [1, 2] for f(1, 2), and [5] for f(5)")
    return text


def _encoded(value: Any, kind: Kind, place: str) -> str:
    """Return an input or output as the tables hold it: text for a program, JSON for a function."""
    if isinstance(value, str) and (kind == "stdin" or _is_json(value)):
        return value
    if value is None and kind == "stdin":
        raise BadInput(f"{place}: an input or output is null; write text, and empty text for none")
    try:
        return json.dumps(value)
    except (TypeError, ValueError, RecursionError) as error:
        raise BadInput(f"{place}: an input or output is no JSON ({first_line(error)}); store it as text") from None


def _is_json(text: str) -> bool:
    """Return whether text holds JSON."""
    try:
        json.loads(text)
    except (ValueError, RecursionError):
        return False
    return True


def _truth(value: Any) -> bool:
    """Read a truth value as data sets write it."""
    return value.strip().lower() in ("true", "1", "yes") if isinstance(value, str) else bool(value)
