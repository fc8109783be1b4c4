"""Does a program run without an error? The popular account's filter, in the sandbox of the grade stage.

A program is given the problem's public sample inputs, and its output is compared with nothing. A program whose problem
has none is started on empty standard input: unless it fails before it asks for input, it stays, counted as unexercised.
"""

from collections.abc import Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass

from ssd_jobs import artifacts
from ssd_jobs.artifacts import tables
from ssd_jobs.contract import files
from ssd_jobs.programs.filtering import SampleDecision
from ssd_jobs.sandbox.client import Client, SandboxDown, SandboxFailure
from ssd_jobs.sandbox.protocol import Limits, NotCompiled, Outcome, Program
from ssd_jobs.stages.curate.decisions import SampledProgram

__all__ = ["Inputs", "inputs_of", "run"]

TRIES = 3


@dataclass(frozen=True)
class Inputs:
    """How a problem's programs are called, and on what."""

    entry_point: str
    values: tuple[str, ...]


def inputs_of(problems: artifacts.Artifact) -> dict[str, Inputs]:
    """Return what every problem's programs are run on."""
    columns = ["problem_id", "entry_point", "sample_inputs"]
    rows = tables.rows(problems.table(files.PROBLEMS, tables.PROBLEMS, columns=columns))
    return {row["problem_id"]: Inputs(row["entry_point"], tuple(row["sample_inputs"])) for row in rows}


def run(
    client: Client, candidates: Sequence[SampledProgram], inputs: Mapping[str, Inputs], limits: Limits
) -> list[SampleDecision]:
    """Return the decision on every program."""
    with ThreadPoolExecutor(max_workers=client.hello().workers) as pool:
        return list(pool.map(lambda each: _run(client, each.code, inputs[each.problem_id], limits), candidates))


def _run(client: Client, code: str, inputs: Inputs, limits: Limits) -> SampleDecision:
    """Run one program; a sandbox that fails is asked again, a program that takes its process down is at fault."""
    for attempt in range(TRIES):
        try:
            return _observe(client, code, inputs, limits)
        except SandboxDown as error:
            if error.signal:
                return SampleDecision.EXECUTION
            if attempt == TRIES - 1:
                raise
        except SandboxFailure:
            if attempt == TRIES - 1:
                raise
    raise AssertionError("the last try returns or raises")


def _observe(client: Client, code: str, inputs: Inputs, limits: Limits) -> SampleDecision:
    """Run one program on its inputs until it fails."""
    functional = bool(inputs.entry_point and inputs.values)
    program = Program(
        source=code,
        kind="functional" if functional else "stdin",
        entry_point=inputs.entry_point if functional else "",
        limits=limits,
    )
    with client.session(program) as session:
        for value in inputs.values or ("",):
            try:
                outcome = session.run(value.encode("utf-8", "surrogatepass"))
            except NotCompiled:
                return SampleDecision.SYNTAX
            fault = _fault(outcome, on_nothing=not inputs.values)
            if fault is not None:
                return fault
    return SampleDecision.KEEP_EXERCISED if inputs.values else SampleDecision.KEEP_UNEXERCISED


def _fault(outcome: Outcome, *, on_nothing: bool) -> SampleDecision | None:
    """Return why a program is left out by one of its runs; to want an input that nobody has is no fault."""
    if outcome.killed:
        return SampleDecision.EXECUTION_TIME
    if outcome.truncated:
        return SampleDecision.EXECUTION_OUTPUT
    if outcome.exit_code or outcome.signal:
        asked = outcome.last_line().startswith("EOFError")
        return None if asked and on_nothing else SampleDecision.EXECUTION
    return None
