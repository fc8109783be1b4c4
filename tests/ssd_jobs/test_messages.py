"""What the workers say of data is short, whatever the data is: what to do stands at the end of a sentence."""

import ast
import inspect
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from ssd_jobs import errors
from ssd_jobs.artifacts import tables
from ssd_jobs.errors import BadInput, JobError, first_line
from ssd_jobs.programs import gradable
from ssd_jobs.scoring import score

ROOT = Path(errors.__file__).parent
KINDS = {"CanaryFailed", *(name for name, kind in inspect.getmembers(errors, inspect.isclass))}
LONG = "ab" * 5000
PROBLEM = {"problem_id": LONG, "difficulty": "", "kind": "stdin", "entry_point": ""}
TEST = {"problem_id": LONG, "test_index": 0, "input": "1", "output": "1"}


def messages() -> Iterator[tuple[str, ast.expr, int, ast.expr | None]]:
    """Yield every value in every error's text: where, the value, its conversion and its format."""
    for file in sorted(ROOT.rglob("*.py")):
        for node in ast.walk(ast.parse(file.read_text(encoding="utf-8"))):
            if isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id in KINDS:
                for each in (part for argument in node.args for part in ast.walk(argument)):
                    if isinstance(each, ast.FormattedValue):
                        where = f"{file.relative_to(ROOT)}:{each.lineno}"
                        yield where, each.value, each.conversion, each.format_spec


def test_values_are_cut() -> None:
    """No value or id is written out whole, nor all that an exception says: `brief` and `first_line` cut them."""
    whole = [
        where
        for where, value, conversion, form in messages()
        if (conversion == ord("r") and form is None)
        or (isinstance(value, ast.Name) and value.id == "error")
        or ("problem_id" in ast.unparse(value) and not ast.unparse(value).startswith("brief("))
    ]
    assert whole == []
    assert len(list(messages())) > 100


def _verdicts(**values: object) -> None:
    row = dict.fromkeys(tables.VERDICTS.names, "") | {"problem_id": LONG, "sample_index": 0, "truncated": False}
    numbers = dict.fromkeys(("failed_test", "tests_run", "tests_total", "completion_tokens", "cpu_s", "wall_s"), 0)
    score(tables.table(tables.VERDICTS, [row | numbers | {"rerun": False} | values]), samples=1, source="file")


CASES: dict[str, Callable[[], None]] = {
    "difficulty": lambda: gradable.check_problem(PROBLEM | {"difficulty": LONG}, "file"),
    "kind": lambda: gradable.check_problem(PROBLEM | {"kind": LONG}, "file"),
    "entry point": lambda: gradable.check_problem(PROBLEM | {"kind": "functional"}, "file"),
    "output": lambda: gradable.check_test(TEST | {"output": ""}, "stdin", "file"),
    "arguments": lambda: gradable.check_test(TEST, "functional", "file"),
    "no json": lambda: gradable.check_test(TEST | {"input": LONG}, "functional", "file"),
    "sample": lambda: _verdicts(sample_index=1),
    "verdict's difficulty": lambda: _verdicts(difficulty=LONG),
}


@pytest.mark.parametrize("case", CASES.values(), ids=CASES.keys())
def test_an_id_of_any_length_leaves_the_sentence_whole(case: Callable[[], None]) -> None:
    """A problem whose id is 10,000 characters long is named by its beginning."""
    with pytest.raises(BadInput) as refused:
        case()
    assert LONG[:20] in str(refused.value)
    assert len(str(refused.value)) < 400


def test_another_ones_sentence_is_cut() -> None:
    """Of what a library says, the first line is passed on, and of that a part."""
    assert len(first_line(ValueError(LONG))) == errors.LONGEST + 1
    assert first_line(JobError("short\nmore")) == "short"
