"""Shards of one or several artifacts, with one engine start: what `sample` and `generate` have in common.

An artifact that is complete costs nothing; when all are, no engine is started. A prompt that is too long costs its
problem. It is known before the engine is loaded, so a run that would fail over too many of them fails at once.
"""

import math
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from contextlib import ExitStack
from dataclasses import dataclass
from fractions import Fraction
from typing import Any

from pydantic import JsonValue

from ssd_jobs import artifacts, contract
from ssd_jobs.artifacts import Artifact, Draft, Output, Provenance, tables
from ssd_jobs.context import Context
from ssd_jobs.contract import files
from ssd_jobs.contract.printable import brief
from ssd_jobs.engine import Engine
from ssd_jobs.engine.loading import load
from ssd_jobs.errors import BadInput
from ssd_jobs.models.answers import CompletionReader
from ssd_jobs.models.model_files import model_files
from ssd_jobs.models.prompts import load_tokenizer
from ssd_jobs.progress.console import Console
from ssd_jobs.sampling.loop import Loop, Task
from ssd_jobs.sampling.metrics import Metrics
from ssd_jobs.sampling.statistics import Statistics
from ssd_jobs.sampling.store import Row, Store
from ssd_jobs.sampling.units import Prompt, derived_seed, of_shard, units
from ssd_jobs.sampling.watchdog import Watchdog

__all__ = ["Plan", "ShardWriter", "Target", "sample_shards"]

SamplingConfig = contract.SampleConfig | contract.GenerateConfig


@dataclass(frozen=True)
class Target:
    """One shard of an artifact to fill, at one decode setting."""

    decode: contract.Decode
    output: Output
    science: Mapping[str, Any]
    """The recipe, for the manifest."""


@dataclass(frozen=True)
class Plan:
    """Everything that one engine start is to make."""

    config: SamplingConfig
    samples: int
    targets: tuple[Target, ...]


def sample_shards(plan: Plan, context: Context) -> list[Artifact]:
    """Return every target's shard, sampling those that are not there."""
    missing = [target for target in plan.targets if target.output.find() is None]
    if missing:
        _fill(plan, context, missing)
    return [artifacts.open_artifact(target.output.path) for target in plan.targets]


def _fill(plan: Plan, context: Context, missing: Sequence[Target]) -> None:
    """Claim what is missing, and fill one shard after the other with one engine, whose start the first one pays."""
    config = plan.config
    prompts = _prompts(plan, context, {each.output.place for each in missing})
    with ExitStack() as stack:
        writers = [
            ShardWriter(
                config=plan.config,
                target=target,
                draft=stack.enter_context(target.output.claim()),
                prompts=prompts[target.output.place],
                samples=plan.samples,
                context=context,
            )
            for target in missing
        ]
        starts = [writer.store.count_start() for writer in writers]
        seed = seed_of_engine(missing[0].output, config.science.seed, start=starts[0])
        watchdog = stack.enter_context(Watchdog(config.execution.hang_timeout_s))
        model = model_files(context.path(config.model))
        inputs = {
            "model": model.artifact.digest,
            "prompts": artifacts.open_artifact(context.path(config.prompts)).digest,
        }
        engine: Engine | None = None
        for writer, start in zip(writers, starts, strict=True):
            if writer.pending:
                writer.begin()
                if engine is None:
                    context.progress.starting("checking the weights")
                    model.verify(on_file=watchdog.beat, hashed=context.progress.megabytes("hashed"))
                    engine = _engine(plan, context, seed, beat=watchdog.beat)
                writer.sample(engine, engine_seed=seed, start=start, beat=watchdog.beat)
            writer.finish(inputs, facts=writer.store.engine_facts(), starts=start)


class ShardWriter:
    """Samples what one shard lacks, and finishes it."""

    def __init__(
        self,
        *,
        config: SamplingConfig,
        target: Target,
        draft: Draft,
        prompts: Sequence[Prompt],
        samples: int,
        context: Context,
    ) -> None:
        self._config = config
        self._target = target
        self._draft = draft
        self._prompts = prompts
        self._samples = samples
        self._context = context
        self._total = len(prompts) * samples
        self._metrics = Metrics(draft.path)
        self._name = f"shard {target.output.shard}"
        self._console = Console(f"{config.name} {self._name}")
        self.store = Store(draft)

    @property
    def pending(self) -> bool:
        """Tell whether there is anything to sample."""
        return self.store.done < self._total

    def begin(self) -> None:
        """Count the time from here on as this shard's, and show its progress."""
        self._metrics.begin()
        self._context.progress.attach(self._draft.path)

    def sample(self, engine: Engine, *, engine_seed: int, start: int, beat: Callable[[], None]) -> None:
        """Sample what is pending; `beat` is called whenever the engine moved."""
        self.store.record_engine(engine.facts)
        engine.begin(self._target.decode)
        task = self._task(engine_seed, start)
        statistics = Statistics()
        moved = engine.tokens

        def on_rows(rows: Sequence[Row]) -> None:
            for row in rows:
                statistics.add(row)

        def on_step(flying: int) -> None:
            nonlocal moved
            if engine.tokens != moved:
                moved = engine.tokens
                beat()
            self._tell(statistics, flying)

        try:
            Loop(engine, self.store, task, on_rows, on_step).run(self._units())
        finally:
            self._metrics.write(statistics.values())
            self._console.close()

    def finish(self, inputs: Mapping[str, str], *, facts: Mapping[str, JsonValue], starts: int) -> None:
        """Count all rows of the shard, whichever start sampled them, and write the manifest."""
        self.store.finish()
        statistics = Statistics()
        for part in self.store.parts:
            statistics.add_part(part)
        self._check_errors(statistics)
        shape = {name: value for name, value in statistics.values().items() if not name.endswith("_per_s")}
        self._draft.finish(
            Provenance(
                science=self._target.science,
                inputs=inputs,
                counts={
                    **statistics.counts(),
                    "problems": len(self._prompts),
                    "seconds": round(self._metrics.seconds, 3),
                },
                facts={
                    **facts,
                    "decode": self._target.decode.model_dump(),
                    "starts": starts,
                    "shape": dict(shape),
                    "gpus": self._config.execution.gpus,
                },
                image=self._config.execution.image,
            )
        )

    def _task(self, engine_seed: int, start: int) -> Task:
        """Return what is the same for all units."""
        return Task(
            identity=self._target.output.key,
            seed=self._config.science.seed,
            engine_seed=engine_seed,
            start=start,
            max_sequence_tokens=self._config.science.max_sequence_tokens,
            read=_reader(self._config, self._context).read,
            stop=self._context.stop,
        )

    def _units(self) -> Iterator[tuple[Prompt, int]]:
        """Yield the units that are not sampled, those with a beginning first, since they were with the engine."""
        prompts = {prompt.problem_id: prompt for prompt in self._prompts}
        first = set(self.store.begun)
        yield from ((prompts[problem_id], index) for problem_id, index in sorted(first))
        for prompt, index in units(self._prompts, self._samples):
            unit = prompt.problem_id, index
            if not self.store.has(unit) and unit not in first:
                yield prompt, index

    def _tell(self, statistics: Statistics, flying: int) -> None:
        """Say how far this is: every second where somebody looks, every 30 seconds in metrics and log."""
        done = self.store.done
        if not self._console.due and done < self._total:
            return
        values = {**statistics.values(), "running": flying, "waiting": self._total - done - flying}
        self._context.progress.update(done=done, total=self._total, unit="samples", **values)
        rate = f"{values['output_tokens_per_s']:.0f} tokens/s"
        self._console.show(
            done, self._total, "samples", rate, f"{flying} running", f"{self._total - done - flying} waiting"
        )
        if self._metrics.due:
            self._metrics.write(values)

    def _check_errors(self, statistics: Statistics) -> None:
        """Refuse a shard with too many rows that hold no sample."""
        errors = statistics.counts()["errors"]
        if errors > tolerated(self._config, len(self._prompts)) * self._samples:
            most, field = self._config.execution.max_error_fraction, _tolerance_field(self._config)
            raise BadInput(
                f"{errors} of {self._total} samples of {self._name} failed: more than the {most} of {field}, which can "
                f"be raised; see the column `error` in {self._draft.path}"
            )


def tolerated(config: SamplingConfig, problems: int) -> int:
    """Return how many of so many problems may have no sample: a share above 0 never means less than one."""
    share = Fraction(str(config.execution.max_error_fraction))
    return math.ceil(share * problems)


def _tolerance_field(config: SamplingConfig) -> str:
    """Return where the user says how many may."""
    section = "evaluation" if isinstance(config, contract.GenerateConfig) else "sampling"
    return f"spec.{section}.maxErrorFraction"


def seed_of_engine(output: Output, seed: int, *, start: int) -> int:
    """Return the seed of an engine that begins with this shard, in this start of it: no other engine has the same."""
    return derived_seed(output.key, seed, *output.place, start) % 2**31


def _prompts(plan: Plan, context: Context, shards: Collection[tuple[int, int]]) -> dict[tuple[int, int], list[Prompt]]:
    """Return the prompts of each shard, which is one of so many."""
    source = artifacts.open_artifact(context.path(plan.config.prompts))
    data = source.table(files.PROMPTS, tables.PROMPTS, columns=["problem_id", "token_ids"])
    found = {(shard, of): of_shard(data, shard=shard, shards=of) for shard, of in shards}
    for prompts in found.values():
        _check_room(plan.config, prompts)
    return found


def _check_room(config: SamplingConfig, prompts: Sequence[Prompt]) -> None:
    """Refuse a shard too many of whose prompts leave no room for an answer; up to there each costs its problem."""
    limit = config.science.max_sequence_tokens
    long = [prompt for prompt in prompts if len(prompt.token_ids) >= limit]
    if len(long) > tolerated(config, len(prompts)):
        raise BadInput(
            f"maxSequenceTokens: {len(long)} of {len(prompts)} prompts leave no room below {limit} tokens, such as "
            f"{brief(long[0].problem_id)} with {len(long[0].token_ids)}; raise {_tolerance_field(config)} and set "
            f"spec.rerun to go on without them, or create another resource with a larger {_length_field(config)}"
        )


def _length_field(config: SamplingConfig) -> str:
    """Return where the user says how long prompt and answer may be together."""
    if isinstance(config, contract.GenerateConfig):
        return f"maxSequenceTokens of the benchmark {config.benchmark}"
    return "spec.sampling.maxSequenceTokens"


def _engine(plan: Plan, context: Context, seed: int, *, beat: Callable[[], None]) -> Engine:
    """Start the engine, and show what it does meanwhile; what it logs is a sign that it does not hang."""
    config, engine = plan.config, plan.config.science.engine

    def on_message(activity: str) -> None:
        beat()
        if activity:
            context.progress.starting(activity)

    context.progress.starting("starting the engine")
    return load(
        context.path(config.model),
        engine.model_copy(update={"args": {**engine.args, **config.execution.engine_args}}),
        gpus=config.execution.gpus,
        max_sequence_tokens=config.science.max_sequence_tokens,
        seed=seed,
        on_message=on_message,
    )


def _reader(config: SamplingConfig, context: Context) -> CompletionReader:
    """Return the way from the model's tokens to text."""
    model = context.path(config.model)
    return CompletionReader(load_tokenizer(model, trust_remote_code=config.science.engine.trust_remote_code))
