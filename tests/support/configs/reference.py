"""The config of reference, for the benchmark of `configs.grade`."""

from pathlib import Path

from configs.grade import LIMITS, TESTS
from configs.parts import key
from ssd_jobs import contract

REFERENCES = "references/bench"


def reference_config(workspace: Path) -> contract.ReferenceConfig:
    """Return a config that runs the checks of the benchmark."""
    return contract.ReferenceConfig(
        version=1,
        stage="reference",
        name="reference-bench",
        key=key("d"),
        workspace=str(workspace),
        benchmark="bench",
        science=LIMITS,
        tests=TESTS,
        output=REFERENCES,
        execution=contract.SandboxExecution(
            metrics_port=0, image="", sandbox_socket="", allow_weak_isolation=False, workers=2
        ),
    )
