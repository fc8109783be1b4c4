"""The config of select, for verdicts that a test writes."""

from collections.abc import Mapping
from pathlib import Path

from configs.parts import key
from ssd_jobs import contract

SELECTION = "selections/base"


def select_config(
    workspace: Path,
    decodes: Mapping[str, contract.Decode],
    *,
    k: int = 1,
    samples_per_problem: int = 4,
    output: str = SELECTION,
) -> contract.SelectConfig:
    """Return a config that chooses among settings whose verdicts are at verdicts/NAME."""
    return contract.SelectConfig(
        version=1,
        stage="select",
        name="select-base-toy",
        key=key("d"),
        workspace=str(workspace),
        arm="Base",
        benchmark="toy",
        select_benchmark="toy",
        science=contract.SelectScience(k=k, samples_per_problem=samples_per_problem),
        settings=tuple(
            contract.SelectSetting(name=name, decode=decode, verdicts=f"verdicts/{name}")
            for name, decode in decodes.items()
        ),
        output=output,
        execution=contract.StageExecution(metrics_port=0, image=""),
    )
