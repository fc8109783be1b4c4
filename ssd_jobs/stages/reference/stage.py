"""Reference: run each check of a benchmark on its reference solution, in the sandbox, and keep the calls that it makes.

A check that its own reference solution does not pass would fail every program: the benchmark is refused instead.
"""

import json
from collections.abc import Iterator

from ssd_jobs import artifacts
from ssd_jobs.artifacts import Draft, Output, Provenance, tables
from ssd_jobs.context import Context
from ssd_jobs.contract import ReferenceConfig, StageDone, files, science_of
from ssd_jobs.errors import BadInput
from ssd_jobs.programs import checking
from ssd_jobs.programs.checking import BenchmarkCheck
from ssd_jobs.sandbox.client import Client, Lines
from ssd_jobs.sandbox.opening import connect_sandbox, limits_of
from ssd_jobs.sandbox.protocol import Limits, Program

__all__ = ["calls", "run"]

SHOWN = 3


def run(config: ReferenceConfig, context: Context) -> StageDone:
    """Find the calls, unless they are there."""
    output = Output(path=context.path(config.output), stage=config.stage, name=config.name, key=config.key)
    made = artifacts.make(output, lambda draft: _fill(config, context, draft), progress=context.progress)
    count = int(made.manifest.counts["calls"])
    return StageDone(stage=config.stage, digest=made.digest, message=f"{config.benchmark}: {count} calls of its checks")


def calls(client: Client, checks: dict[str, BenchmarkCheck], limits: Limits) -> Iterator[tuple[str, list[str]]]:
    """Yield the calls of every check by its problem; refuse checks that their reference does not pass."""
    failed = []
    program = Program(source=checking.RECORDER, limits=limits)
    with client.lines() as lines:
        for name, check in checks.items():
            found, failure = _recorded(lines, program, check)
            if failure:
                failed.append(f"{name} ({failure})")
            yield name, found
    if failed:
        more = f" and {len(failed) - SHOWN} more" if len(failed) > SHOWN else ""
        raise BadInput(
            f"the reference solutions do not pass their own tests: {', '.join(failed[:SHOWN])}{more}; "
            "correct these problems, or leave them out"
        )


def _recorded(lines: Lines, program: Program, check: BenchmarkCheck) -> tuple[list[str], str]:
    """Return the calls of a check, or why there are none."""
    with lines.session(program, only=True) as session:
        outcome = session.run(checking.recorded(check))
    if outcome.exit_code or outcome.signal or outcome.killed or outcome.truncated:
        return [], f"{outcome.killed} {outcome.last_line()}".strip()[:160] or f"exit status {outcome.exit_code}"
    found: list[str] = json.loads(outcome.stdout)
    return found, "" if found else "it calls nothing"


def _fill(config: ReferenceConfig, context: Context, draft: Draft) -> Provenance:
    """Write the calls of all checks."""
    tests = artifacts.open_artifact(context.path(config.tests))
    checks = {
        row["problem_id"]: BenchmarkCheck(row["entry_point"], row["reference"], row["check"])
        for row in tables.rows(tests.table(files.CHECKS, tables.CHECKS))
    }
    rows = []
    with connect_sandbox(config.execution, memory_mb=config.science.memory_mb) as client:
        isolation = dict(client.hello().layers)
        for name, found in calls(client, checks, limits_of(config.science)):
            context.check_stop()
            rows += [{"problem_id": name, "call_index": index, "arguments": each} for index, each in enumerate(found)]
    draft.write_table(files.CALLS, tables.CALLS, tables.table(tables.CALLS, rows))
    return Provenance(
        science=science_of(config.science),
        inputs={"tests": tests.digest},
        counts={"checks": len(checks), "calls": len(rows)},
        facts={"isolation": isolation},
        image=config.execution.image,
    )
