"""What a model is asked, by each of the package's templates, for each kind of problem."""

from pathlib import Path

import pytest

from ssd_jobs.contract import files
from ssd_jobs.models.prompts import load_template

FORMS = pytest.mark.parametrize("form", ["instruct", "thinking"])
STUB = 'def add(a: int, b: int) -> int:\n    """ Return the sum. """\n'
PROBLEMS = {
    "stdin": {"statement": "Print the sum.", "starter_code": "", "kind": "stdin", "entry_point": ""},
    "functional": {
        "statement": "Return the sum.",
        "starter_code": "class Solution:\n    def add(self, a, b):\n        ",
        "kind": "functional",
        "entry_point": "Solution.add",
    },
    "completion": {"statement": STUB.strip(), "starter_code": STUB, "kind": "functional", "entry_point": "add"},
}


@FORMS
@pytest.mark.parametrize("kind", PROBLEMS)
def test_each_part_of_a_problem_is_shown_once(tmp_path: Path, form: str, kind: str) -> None:
    """Statement and starter code stand in the prompt, each once, also where they are the same text."""
    problem = PROBLEMS[kind]
    turns = load_template(files.builtin_template(form), tmp_path).turns(problem)
    text = "\n".join(turn["content"] for turn in turns)
    for part in {problem["statement"], problem["starter_code"].strip()} - {""}:
        assert text.count(part) == 1
    assert ("standard input" in text) == (kind == "stdin")
    assert ("does what its documentation says" in text) == (kind == "completion")
    assert text.count("in one Markdown code block that starts with ```python.") == 1
    assert not any(line != line.rstrip() for line in text.splitlines())
