"""A problem as every source yields it, whatever its own format was."""

import ast
import hashlib
import keyword
import unicodedata
from dataclasses import dataclass, replace
from typing import Any, Literal

from ssd_jobs.errors import BadInput
from ssd_jobs.programs.gradable import DIFFICULTIES
from ssd_jobs.programs.parsing import parsed

__all__ = ["Case", "Kind", "Problem", "checked_name", "entry_point", "identified", "statement_digest"]

Kind = Literal["stdin", "functional", "answer"]


@dataclass(frozen=True, slots=True)
class Case:
    """One test: what goes in, what must come out, and whether the statement shows it."""

    input: str
    output: str
    public: bool = False


@dataclass(frozen=True, slots=True)
class Problem:
    """One task. The columns of `tables.PROBLEMS`, and what else `prepare` needs to choose by."""

    problem_id: str
    statement: str
    starter_code: str = ""
    kind: Kind = "stdin"
    entry_point: str = ""
    difficulty: str = ""
    date: str = ""
    sample_inputs: tuple[str, ...] = ()
    tests: tuple[Case, ...] = ()
    check: str = ""
    """A test that is a program with a function `check(candidate)`; empty for none."""
    reference: str = ""
    """The solution on which that program is run to find out what it calls."""
    passed: bool = True
    """The column that `requirePassedColumn` names; True where none is named."""

    def row(self) -> dict[str, Any]:
        """Return the problem as a row of `tables.PROBLEMS`."""
        return {
            "problem_id": self.problem_id,
            "statement": self.statement,
            "starter_code": self.starter_code,
            "kind": self.kind,
            "entry_point": self.entry_point,
            "difficulty": self.difficulty if self.difficulty in DIFFICULTIES else "",
            "date": self.date,
            "sample_inputs": list(self.sample_inputs),
        }


def statement_digest(problem: Problem) -> bytes:
    """Return what makes two problems the same: the statement up to white space."""
    text = " ".join(problem.statement.split())
    return hashlib.sha256(text.encode("utf-8", "surrogatepass")).digest()[:16]


def identified(problem: Problem) -> Problem:
    """Return the problem with an id; one without any is named after its statement."""
    if problem.problem_id:
        return problem
    return replace(problem, problem_id=f"p-{statement_digest(problem).hex()}")


def checked_name(name: str, where: str) -> str:
    """Return a function's name, or refuse one that is no plain name of Python.

    It becomes text of programs and is looked up in what they define, where a name of Python's own is always found.
    """
    if not _is_plain(name):
        raise BadInput(f"{where}: {name!r:.60} is no plain name of a Python function; correct or remove the problem")
    return name


def _is_plain(name: str) -> bool:
    """Return whether a name is an identifier, as Python itself spells it, and neither a keyword nor a dunder."""
    dunder = name.startswith("__") and name.endswith("__")
    return (
        name.isidentifier() and unicodedata.is_normalized("NFKC", name) and not keyword.iskeyword(name) and not dunder
    )


def entry_point(starter_code: str) -> str:
    """Return the function that starter code begins, as `f` or `Solution.f`; empty where there is none.

    Starter code mostly ends after a signature, so a body is added before it is parsed.
    """
    for text in (starter_code, f"{starter_code.rstrip()}\n        pass\n", f"{starter_code.rstrip()}\n    pass\n"):
        tree = parsed(text)
        if tree is not None:
            return _first_function(tree)
    return ""


def _first_function(tree: ast.Module) -> str:
    """Return the last top-level function, or the first public method of a class."""
    for node in tree.body:
        if isinstance(node, ast.ClassDef):
            methods = [each.name for each in node.body if isinstance(each, ast.FunctionDef)]
            public = [name for name in methods if not name.startswith("_")]
            if public:
                return f"{node.name}.{public[0]}"
    functions = [node.name for node in tree.body if isinstance(node, ast.FunctionDef)]
    return functions[-1] if functions else ""
