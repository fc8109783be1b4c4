"""The config of generate, on a prepared workspace."""

from collections.abc import Mapping
from pathlib import Path
from typing import Literal

from configs.parts import TRANSFORMERS, key
from ssd_jobs import contract


def generate_config(
    workspace: Path,
    decodes: Mapping[str, contract.Decode],
    *,
    arm: Literal["Base", "Candidate"] = "Base",
    model: str = "models/base",
    prompts: str = "problems/toy",
    max_sequence_tokens: int = 96,
    samples_per_problem: int = 1,
    shards: int = 1,
    selection: str | None = None,
    max_error_fraction: float = 0.0,
) -> contract.GenerateConfig:
    """Return a config that answers the toy's benchmark at every decode setting; each has its output and a key."""
    settings = [
        contract.GenerateSetting(name=name, decode=decode, key=key(f"{place:x}"), output=f"generations/{name}")
        for place, (name, decode) in enumerate(decodes.items())
    ]
    return contract.GenerateConfig(
        version=1,
        stage="generate",
        name=f"generate-{arm.lower()}-toy",
        key=key("e"),
        workspace=str(workspace),
        arm=arm,
        benchmark="toy",
        purpose="Report",
        science=contract.GenerateScience(
            samples_per_problem=samples_per_problem,
            max_sequence_tokens=max_sequence_tokens,
            seed=0,
            engine=TRANSFORMERS,
        ),
        settings=tuple(settings),
        selection=selection,
        model=model,
        prompts=prompts,
        execution=contract.ShardedExecution(
            metrics_port=0,
            image="",
            shards=shards,
            gpus=0,
            engine_args={},
            max_error_fraction=max_error_fraction,
            hang_timeout_s=3600.0,
        ),
    )
