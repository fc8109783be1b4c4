"""Which samples are trained on: pure decisions on texts, one reason for every sample that is left out.

The method needs none of this: `None` keeps everything. `Stub` is the paper's filter, `Shortest` the one in its
authors' code, `Syntax` and `Execution` are what popular accounts describe. `Execution` decides here only what can
be decided without running anything.
"""

import re
from collections.abc import Mapping, Sequence
from enum import StrEnum
from typing import Literal

import numpy as np

from ssd_jobs.programs.parsing import parsed

__all__ = ["Policy", "SampleDecision", "cutoff", "decide", "is_mostly_unexercised", "is_stub", "parses"]

Policy = Literal["None", "Stub", "Shortest", "Syntax", "Execution"]
NOTHING = re.compile(r"(#.*|pass|\.\.\.|return( None)?|(def|class) .*)?")
# A question about the whole answer (is it one block and nothing else?), which `extraction` does not ask.
FENCED = re.compile(r"^\s*```[^\n`]*\n(.*?)\n?```\s*$", re.DOTALL)


class SampleDecision(StrEnum):
    """What becomes of a sample: it stays, or is left out for the reason that is its value."""

    KEEP = "keep"
    KEEP_EXERCISED = "keep_exercised"
    """Its program ran on every public input of its problem."""
    KEEP_UNEXERCISED = "keep_unexercised"
    """Its program was started, but its problem has no public input, and so it showed little about itself."""
    ERROR = "error"
    """There is no completion."""
    TRUNCATED = "truncated"
    EMPTY = "empty"
    STUB = "stub"
    SHORTEST = "shortest"
    NO_CODE = "no_code"
    SYNTAX = "syntax"
    EXECUTION = "execution"
    """Its program failed, or took its process down."""
    EXECUTION_TIME = "execution_time"
    EXECUTION_OUTPUT = "execution_output"
    OVERLONG = "overlong"
    """It does not fit into a training sequence."""

    @property
    def keeps(self) -> bool:
        """Whether the sample stays."""
        return self in (SampleDecision.KEEP, SampleDecision.KEEP_EXERCISED, SampleDecision.KEEP_UNEXERCISED)


def is_mostly_unexercised(counts: Mapping[str, float]) -> bool:
    """Tell whether most programs that `Execution` ran and kept had no input, so that it says little."""
    idle = counts.get("unexercised", 0)
    return idle > counts.get("exercised", 0)


def decide(policy: Policy, text: str, *, code: str | None, shortest: int) -> SampleDecision:
    """Decide on a sample by its text.

    `code` is the program in it, None where there is none; `shortest` is the length up to which `Shortest` drops.
    """
    if policy == "None":
        return SampleDecision.KEEP
    if not text.strip():
        return SampleDecision.EMPTY
    if policy == "Stub":
        return SampleDecision.STUB if is_stub(text) else SampleDecision.KEEP
    if policy == "Shortest":
        return SampleDecision.SHORTEST if len(text.strip()) < shortest else SampleDecision.KEEP
    if code is None:
        return SampleDecision.NO_CODE
    return SampleDecision.KEEP if parses(code) else SampleDecision.SYNTAX


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
