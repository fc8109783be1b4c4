"""The config of curate, for the samples of `sample_config`."""

from pathlib import Path
from typing import Literal

from configs.parts import key
from ssd_jobs import contract


def curate_config(
    workspace: Path,
    *,
    filter: Literal["None", "Stub", "Shortest", "Syntax", "Execution"] = "None",  # noqa: A002 - the field's name
    shortest_percent: float = 10.0,
    truncated: Literal["Keep", "Drop"] = "Keep",
    overlong: Literal["Truncate", "Drop"] = "Truncate",
    sequence_length: int = 128,
    steps: int = 4,
    global_batch_size: int = 8,
    seed: int = 0,
) -> contract.CurateConfig:
    """Return a config that makes records/run of samples/run; programs are run in a sandbox of one worker."""
    return contract.CurateConfig(
        version=1,
        stage="curate",
        name="curate",
        key=key("c"),
        workspace=str(workspace),
        science=contract.CurateScience(
            filter=filter,
            shortest_percent=shortest_percent,
            truncated=truncated,
            overlong=overlong,
            sequence_length=sequence_length,
            steps=steps,
            global_batch_size=global_batch_size,
            seed=seed,
            limits=contract.LIMITS if filter == "Execution" else None,
        ),
        samples="samples/run",
        prompts="problems/pool",
        model="models/base",
        output="records/run",
        execution=contract.SandboxExecution(
            metrics_port=0, image="", sandbox_socket="", allow_weak_isolation=True, workers=1
        ),
    )
