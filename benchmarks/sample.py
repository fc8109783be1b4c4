"""What the sample stage costs beside the engine: tokens per second of both, on one engine and the same prompts.

    python -m benchmarks.sample [--prompts 2000] [--rounds 3]

Rounds of vLLM's own `LLM.generate` and of the stage (bounded window, journal, parts, statistics, text) alternate on
one engine with the shipped toy model. The last line is JSON; `ratio` is the stage's rate over vLLM's, each the
median of its rounds.
"""

import argparse
import json
import os
import statistics
import tempfile
import time
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

from ssd_jobs import artifacts, contract
from ssd_jobs.artifacts import tables
from ssd_jobs.contract import files
from ssd_jobs.models import environment

if TYPE_CHECKING:
    from ssd_jobs.context import Context
    from ssd_jobs.engine.vllm_engine import VllmEngine

KEY = "a" * 64
OUTPUT = "samples/{number}"
RENDERING = contract.Rendering(
    prompt_mode="Chat", chat_template_args={}, today="2026-04-01", template=files.builtin_template("instruct")
)
TOY = contract.Builtin(kind="builtin", name="toy")


@dataclass(frozen=True, kw_only=True)
class SamplingLoad:
    """What is sampled from, on what, and how much: the toy on a CPU, if nothing else is said."""

    model: contract.PathModel | contract.Builtin = TOY
    prompts: int
    limit: int = 128
    """Tokens of a prompt with its answer."""
    gpus: int = 0
    engine_args: dict[str, Any] = field(default_factory=dict)


def main() -> None:
    """Prepare the toy, start one engine, and let both take turns."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--prompts", type=int, default=2000)
    parser.add_argument("--rounds", type=int, default=3)
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as directory:
        load = SamplingLoad(prompts=options.prompts)
        for found in measure(Path(directory), load, options.rounds):
            print(json.dumps(found), flush=True)


def measure(workspace: Path, load: SamplingLoad, rounds: int) -> Iterator[dict[str, float]]:
    """Yield the rates and their ratio after each round."""
    config = sample_config(workspace, load)
    environment.configure(config, os.environ)
    from ssd_jobs.context import Context
    from ssd_jobs.engine.vllm_engine import VllmEngine
    from ssd_jobs.progress.recorder import Progress
    from ssd_jobs.stages.prepare import stage as prepare

    context = Context(workspace=workspace, index=0, progress=Progress())
    prepare.run(prepare_config(workspace, load), context)
    prompts = artifacts.open_artifact(workspace / "problems/pool").table(files.PROMPTS, tables.PROMPTS)
    science = config.science
    engine = VllmEngine(
        workspace / "models/base",
        science.engine,
        gpus=load.gpus,
        max_sequence_tokens=science.max_sequence_tokens,
        seed=0,
        on_message=lambda _: None,
    )
    engine.begin(science.decode)
    bare(engine, prompts["token_ids"].to_pylist()[:200], load.limit)
    rates: dict[str, list[float]] = {"bare": [], "stage": []}
    for number in range(rounds):
        rates["bare"].append(bare(engine, prompts["token_ids"].to_pylist(), load.limit))
        rates["stage"].append(stage(config, engine, context, number))
        medians = {name: statistics.median(values) for name, values in rates.items()}
        yield {"ratio": round(medians["stage"] / medians["bare"], 3), "prompts": load.prompts, **medians}


def bare(engine: "VllmEngine", prompts: list[list[int]], limit: int) -> float:
    """Return tokens per second of vLLM's own loop, all prompts given at once."""
    from vllm import TokensPrompt

    parameters = [engine.parameters(limit - len(prompt)) for prompt in prompts]
    started = time.monotonic()
    outputs = engine.llm.generate(
        [TokensPrompt(prompt_token_ids=prompt) for prompt in prompts], parameters, use_tqdm=False
    )
    return sum(len(output.outputs[0].token_ids) for output in outputs) / (time.monotonic() - started)


def stage(config: contract.SampleConfig, engine: "VllmEngine", context: "Context", number: int) -> float:
    """Return tokens per second of the stage, from its first request to its manifest."""
    from ssd_jobs.sampling.shard import ShardWriter, Target
    from ssd_jobs.sampling.units import of_shard

    prompts = artifacts.open_artifact(context.path(config.prompts)).table(
        files.PROMPTS, tables.PROMPTS, columns=["problem_id", "token_ids"]
    )
    path = context.workspace / OUTPUT.format(number=number)
    output = artifacts.Output(path=path, stage="sample", name="sample", key=KEY)
    target = Target(decode=config.science.decode, output=output, science={})
    started = time.monotonic()
    with output.claim() as draft:
        writer = ShardWriter(
            config=config,
            target=target,
            draft=draft,
            prompts=of_shard(prompts, shard=0, shards=1),
            samples=1,
            context=context,
        )
        writer.begin()
        writer.sample(engine, engine_seed=0, start=1, beat=lambda: None)
        writer.finish({}, facts=engine.facts, starts=1)
        seconds = time.monotonic() - started
        return float(artifacts.open_artifact(draft.path).manifest.counts["completion_tokens"]) / seconds


def prepare_config(workspace: Path, load: SamplingLoad) -> contract.PrepareConfig:
    """Return a config that prepares the model, and the toy's problems."""
    prompts = contract.PromptsScience(
        source=TOY,
        rendering=RENDERING,
        deduplicate=True,
        require_passed_column="",
        limit=load.prompts,
        skip=None,
        sampled_as=None,
        decontaminate="Ignore",
    )
    model = contract.ModelScience(source=load.model, trust_remote_code=False)
    return contract.PrepareConfig(
        version=1,
        stage="prepare",
        name="prepare",
        key="0" * 64,
        workspace=str(workspace),
        model=contract.ModelPart(key="1" * 64, output="models/base", science=model),
        prompts=contract.PromptsPart(key="2" * 64, output="problems/pool", science=prompts),
        benchmarks=(),
        demands=contract.Demands(engine="VLLM", sequences=(), trained=False, lora=None),
        output="problems/prepare",
        execution=contract.PrepareExecution(
            metrics_port=0, image="", offline=True, tracking_uri="", gpus={}, hardware=NOTHING_TRAINED, compiles_for=""
        ),
    )


NOTHING_TRAINED = contract.Hardware(
    train_gpus=0,
    gpu_bytes=0,
    activation_checkpointing="None",
    fused=False,
    compute_dtype="Float32",
    pack_tokens=1,
    lora=None,
    checkpoints=1,
    exports=1,
)


def sample_config(workspace: Path, load: SamplingLoad) -> contract.SampleConfig:
    """Return a config that samples with vLLM."""
    return contract.SampleConfig(
        version=1,
        stage="sample",
        name="sample",
        key=KEY,
        workspace=str(workspace),
        science=contract.SampleScience(
            decode=contract.Decode(temperature=1.2, top_k=20, top_p=0.8),
            samples_per_prompt=1,
            max_sequence_tokens=load.limit,
            seed=0,
            engine=contract.EngineConfig(name="VLLM", args=load.engine_args, trust_remote_code=False),
        ),
        model="models/base",
        prompts="problems/pool",
        output="samples/run",
        execution=contract.ShardedExecution(
            metrics_port=0,
            image="",
            shards=1,
            gpus=load.gpus,
            engine_args={},
            max_error_fraction=0.0,
            hang_timeout_s=600.0,
        ),
    )


if __name__ == "__main__":
    main()
