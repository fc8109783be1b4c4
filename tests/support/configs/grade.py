"""The config of grade, for the workspace of `workspaces.graded`."""

from pathlib import Path

from configs.parts import key
from ssd_jobs import contract

LIMITS = contract.ProgramLimits(cpu_seconds=6, wall_seconds=30, memory_mb=256, output_mb=1)
PROBLEMS = "problems/bench"
TESTS = "tests/bench"
GENERATIONS = "generations/base"
VERDICTS = "verdicts/base"


def grade_config(workspace: Path, *, shards: int = 1) -> contract.GradeConfig:
    """Return a config that grades generations of the base in both modes."""
    modes: tuple[contract.Grading, ...] = ("Process", "LCB")
    tasks = [
        contract.GradeTask(
            setting="t0-7",
            mode=mode,
            generations=GENERATIONS,
            key=key(str(place)),
            output=f"{VERDICTS}-{mode.lower()}",
        )
        for place, mode in enumerate(modes)
    ]
    return contract.GradeConfig(
        version=1,
        stage="grade",
        name="grade-base-bench",
        key=key("a"),
        workspace=str(workspace),
        arm="Base",
        benchmark="bench",
        purpose="Report",
        science=LIMITS,
        tasks=tuple(tasks),
        selection=None,
        problems=PROBLEMS,
        tests=TESTS,
        references=None,
        execution=contract.GradeExecution(
            metrics_port=0, image="", sandbox_socket="", allow_weak_isolation=False, workers=2, shards=shards
        ),
    )
