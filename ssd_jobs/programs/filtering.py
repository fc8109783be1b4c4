"""Which samples are trained on: pure decisions on texts, one reason for every sample that is left out.

The method needs none of this: `None` keeps everything. `Stub` is the paper's filter, `Shortest` the one in its
authors' code, `Syntax` and `Execution` are what popular accounts describe. `Execution` decides here only what can
be decided without running anything.
"""

import re
from collections.abc import Sequence
from typing import Literal

import numpy as np

from ssd_jobs.programs.parsing import parsed

__all__ = ["Policy", "cutoff", "is_stub", "parses", "reason"]

Policy = Literal["None", "Stub", "Shortest", "Syntax", "Execution"]
NOTHING = re.compile(r"(#.*|pass|\.\.\.|return( None)?|(def|class) .*)?")
# A question about the whole answer (is it one block and nothing else?), which `extraction` does not ask.
FENCED = re.compile(r"^\s*```[^\n`]*\n(.*?)\n?```\s*$", re.DOTALL)


def reason(policy: Policy, text: str, *, code: str | None, shortest: int) -> str:
    """Return why a sample is left out, or nothing.

    `code` is the program in it, None where there is none; `shortest` is the length up to which `Shortest` drops.
    """
    if policy == "None":
        return ""
    if not text.strip():
        return "empty"
    if policy == "Stub":
        return "stub" if is_stub(text) else ""
    if policy == "Shortest":
        return "shortest" if len(text.strip()) < shortest else ""
    if code is None:
        return "no_code"
    return "" if parses(code) else "syntax"


def is_stub(text: str) -> bool:
    """Return whether an answer is one line; a program of one line in a fence is a stub only if it does nothing."""
    fenced = FENCED.match(text)
    lines = (fenced[1] if fenced else text).strip().splitlines() or [""]
    return len(lines) == 1 and (fenced is None or NOTHING.fullmatch(lines[0].strip()) is not None)


def cutoff(lengths: Sequence[int], percent: float) -> int:
    """Return the length that `percent` of the answers fall short of; ties with it are kept, as in the authors' code.

    Lengths are in characters without surrounding white space, empty answers not counted.
    """
    return int(np.ceil(np.percentile(np.array(lengths), percent))) if lengths else 0


def parses(code: str) -> bool:
    """Return whether text is a Python program."""
    return parsed(code) is not None
