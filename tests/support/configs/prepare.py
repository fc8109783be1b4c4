"""The config of prepare; everything is the toy unless said otherwise."""

from collections.abc import Mapping
from pathlib import Path
from typing import Literal

from configs.parts import CHAT, TOY, TOY_MODEL, key
from ssd_jobs import contract

NO_DEMANDS = contract.Demands(engine="VLLM", sequences=(), trained=False, lora=None)
"""A model that is only read."""

CPU = contract.Hardware(
    train_gpus=0, gpu_bytes=0, activation_checkpointing="None", fused=False, compute_dtype="Float32", pack_tokens=64, lora=None,
    checkpoints=1, exports=1,
)  # fmt: skip


def prepare_config(
    workspace: Path,
    *,
    model: contract.ModelSource = TOY_MODEL,
    prompts: contract.ProblemSource = TOY,
    benchmarks: Mapping[str, contract.BenchmarkSource] | None = None,
    rendering: contract.Rendering = CHAT,
    deduplicate: bool = True,
    require_passed_column: str = "",
    limit: int = 0,
    decontaminate: Literal["Report", "Drop", "Ignore"] = "Report",
    expect_problems: int | None = None,
    demands: contract.Demands = NO_DEMANDS,
    gpus: Mapping[str, int] | None = None,
    compiles_for: Literal["", "cpu", "cuda"] = "",
    output: str = "problems/prepare",
    skip: int | None = None,
    sampled_as: Literal["Chat", "Raw"] | None = None,
    hardware: contract.Hardware = CPU,
    offline: bool = True,
    tracking_uri: str = "",
) -> contract.PrepareConfig:
    """Return a config whose parts are models/base, problems/pool and, per benchmark, problems/NAME and tests/NAME."""
    pool = contract.PromptsScience(
        source=prompts,
        rendering=rendering,
        deduplicate=deduplicate,
        require_passed_column=require_passed_column,
        limit=limit,
        skip=skip,
        decontaminate=decontaminate,
        sampled_as=sampled_as,
    )
    base = contract.ModelScience(source=model, trust_remote_code=False)
    return contract.PrepareConfig(
        version=1,
        stage="prepare",
        name="prepare",
        key=key("0"),
        workspace=str(workspace),
        model=contract.ModelPart(key=key("1"), output="models/base", science=base),
        prompts=contract.PromptsPart(key=key("2"), output="problems/pool", science=pool),
        benchmarks=tuple(
            benchmark_part(name, f"{number:x}", source, rendering, expect_problems=expect_problems)
            for number, (name, source) in enumerate((benchmarks or {}).items(), start=3)
        ),
        demands=demands,
        output=output,
        execution=contract.PrepareExecution(
            metrics_port=0,
            image="",
            offline=offline,
            tracking_uri=tracking_uri,
            gpus=dict(gpus or {}),
            hardware=hardware,
            compiles_for=compiles_for,
        ),
    )


def benchmark_part(
    name: str,
    letter: str,
    source: contract.BenchmarkSource,
    rendering: contract.Rendering = CHAT,
    *,
    split: contract.Split | None = None,
    benchmark: str = "",
    apart_from: str | None = None,
    expect_problems: int | None = None,
    answered: bool = False,
    asks: Literal["Input"] | None = None,
) -> contract.BenchmarkPart:
    """Return a benchmark, or a part of one, as problems/NAME and tests/NAME."""
    science = contract.BenchmarkScience(
        source=source, rendering=rendering, expect_problems=expect_problems, split=split, asks=asks
    )
    return contract.BenchmarkPart(
        answered=answered,
        name=name,
        benchmark=benchmark or name,
        key=key(letter),
        output=f"problems/{name}",
        tests_output=f"tests/{name}",
        science=science,
        apart_from=apart_from,
    )
