"""One shard of one or several artifacts, with one engine start: what `sample` and `generate` have in common.

An artifact that is complete costs nothing; when all are, no engine is started. A prompt that is too long is known
before the engine is loaded, so a run that would fail over it fails at once.
"""

from collections.abc import Sequence
from contextlib import ExitStack
from dataclasses import dataclass

from ssd_jobs import artifacts, contract
from ssd_jobs.artifacts import Artifact, tables
from ssd_jobs.context import Context
from ssd_jobs.contract import files
from ssd_jobs.engine import Engine
from ssd_jobs.engine.loading import load
from ssd_jobs.errors import BadInput
from ssd_jobs.models.files import model_files
from ssd_jobs.sampling.filling import Filling, Target
from ssd_jobs.sampling.units import Prompt, derived_seed, of_shard
from ssd_jobs.sampling.watchdog import Watchdog

__all__ = ["Plan", "Target", "run"]


@dataclass(frozen=True)
class Plan:
    """One shard of everything that one engine start is to make."""

    config: contract.SampleConfig | contract.GenerateConfig
    samples: int
    targets: tuple[Target, ...]


def run(plan: Plan, context: Context) -> list[Artifact]:
    """Return the shard of every target, sampling those that are not there."""
    shards = plan.config.science.shards
    if not 0 <= context.index < shards:
        raise BadInput(f"shard {context.index} is out of range: the recipe has the shards 0 to {shards - 1}")
    missing = [target for target in plan.targets if target.output.find() is None]
    if missing:
        _fill(plan, context, missing)
    return [artifacts.open_artifact(target.output.path) for target in plan.targets]


def _fill(plan: Plan, context: Context, missing: Sequence[Target]) -> None:
    """Claim what is missing, and fill one artifact after the other with one engine, whose start the first one pays."""
    config = plan.config
    prompts = _prompts(plan, context)
    with ExitStack() as stack:
        fillings = [
            Filling(
                config=plan.config,
                target=target,
                draft=stack.enter_context(target.output.claim()),
                prompts=prompts,
                samples=plan.samples,
                context=context,
            )
            for target in missing
        ]
        start = max(filling.store.count_start() for filling in fillings)
        seed = derived_seed(config.key, config.science.seed, context.index, start) % 2**31
        watchdog = stack.enter_context(Watchdog(config.execution.hang_timeout_s))
        model = model_files(context.path(config.model))
        inputs = {
            "model": model.artifact.digest,
            "prompts": artifacts.open_artifact(context.path(config.prompts)).digest,
        }
        engine: Engine | None = None
        for filling in fillings:
            if filling.pending:
                filling.begin()
                if engine is None:
                    model.verify(on_file=watchdog.beat)
                    engine = _engine(plan, context, seed)
                filling.sample(engine, engine_seed=seed, start=start, beat=watchdog.beat)
            filling.finish(inputs, facts=filling.store.engine_facts(), starts=start)


def _prompts(plan: Plan, context: Context) -> list[Prompt]:
    """Return the shard's prompts, or say that too many of them leave no room for an answer."""
    config = plan.config
    source = artifacts.open_artifact(context.path(config.prompts))
    data = source.table(files.PROMPTS, tables.PROMPTS, columns=["problem_id", "token_ids"])
    prompts = of_shard(data, shard=context.index, shards=config.science.shards)
    limit = config.science.max_sequence_tokens
    long = [prompt for prompt in prompts if len(prompt.token_ids) >= limit]
    if prompts and len(long) / len(prompts) > config.execution.max_error_fraction:
        raise BadInput(
            f"maxSequenceTokens: {len(long)} of {len(prompts)} prompts leave no room below {limit} tokens, such as "
            f"{long[0].problem_id} with {len(long[0].token_ids)}; {_remedy(config)}"
        )
    return prompts


def _remedy(config: contract.SampleConfig | contract.GenerateConfig) -> str:
    """Return what a user can do about prompts that are too long: only training can go on without them."""
    if isinstance(config, contract.GenerateConfig):
        return f"create another resource with a larger maxSequenceTokens of the benchmark {config.benchmark}"
    return (
        "raise spec.sampling.maxErrorFraction and set spec.rerun to go on without them, or create another resource "
        "with a larger spec.sampling.maxSequenceTokens"
    )


def _engine(plan: Plan, context: Context, seed: int) -> Engine:
    """Start the engine."""
    config = plan.config
    return load(
        context.path(config.model),
        config.science.engine,
        gpus=config.execution.gpus,
        max_sequence_tokens=config.science.max_sequence_tokens,
        seed=seed,
    )
