"""The config of sample, on a prepared workspace."""

from pathlib import Path

from configs.parts import DECODE, TRANSFORMERS, key
from ssd_jobs import contract


def sample_config(
    workspace: Path,
    *,
    decode: contract.Decode = DECODE,
    samples_per_prompt: int = 1,
    max_sequence_tokens: int = 128,
    seed: int = 0,
    engine: contract.EngineConfig = TRANSFORMERS,
    shards: int = 1,
    engine_args: dict[str, bool | int | float | str] | None = None,
    output: str = "samples/run",
    gpus: int = 0,
    max_error_fraction: float = 0.0,
) -> contract.SampleConfig:
    """Return a config that samples the prompts of problems/pool with models/base."""
    return contract.SampleConfig(
        version=1,
        stage="sample",
        name="sample",
        key=key("a"),
        workspace=str(workspace),
        science=contract.SampleScience(
            decode=decode,
            samples_per_prompt=samples_per_prompt,
            max_sequence_tokens=max_sequence_tokens,
            seed=seed,
            engine=engine,
        ),
        model="models/base",
        prompts="problems/pool",
        output=output,
        execution=contract.ShardedExecution(
            metrics_port=0,
            image="",
            shards=shards,
            gpus=gpus,
            engine_args=engine_args or {},
            max_error_fraction=max_error_fraction,
            hang_timeout_s=3600.0,
        ),
    )
