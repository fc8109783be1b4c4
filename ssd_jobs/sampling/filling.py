"""Filling one shard of one artifact: the loop with its observers, and the manifest at the end."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from pydantic import JsonValue

from ssd_jobs import contract
from ssd_jobs.artifacts import Draft, Output, Provenance
from ssd_jobs.context import Context
from ssd_jobs.engine import Engine
from ssd_jobs.errors import BadInput
from ssd_jobs.models.prompts import load_tokenizer
from ssd_jobs.progress.console import Console
from ssd_jobs.sampling.loop import Loop, Task
from ssd_jobs.sampling.metrics import Metrics
from ssd_jobs.sampling.statistics import Statistics
from ssd_jobs.sampling.store import Row, Store
from ssd_jobs.sampling.units import Prompt, units

__all__ = ["Filling", "Target"]

Config = contract.SampleConfig | contract.GenerateConfig


@dataclass(frozen=True)
class Target:
    """One artifact to fill, at one decode setting."""

    decode: contract.Decode
    output: Output
    science: Mapping[str, Any]
    """The recipe, for the manifest."""


class Filling:
    """One shard that is being filled."""

    def __init__(
        self,
        *,
        config: Config,
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
        self._console = Console(f"{config.name} shard {context.index}")
        self.store = Store(draft)

    @property
    def pending(self) -> bool:
        """Tell whether there is anything to sample."""
        return self.store.done < self._total

    def begin(self) -> None:
        """Count the time from here on as this shard's."""
        self._metrics.begin()

    def sample(self, engine: Engine, *, engine_seed: int, start: int, beat: Callable[[], None]) -> None:
        """Sample what is pending; `beat` is called whenever the engine moved."""
        self.store.record_engine(engine.facts)
        self._context.progress.attach(self._draft.path)
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
            decode_text=_decoder(self._config, self._context),
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
        errors, most = statistics.counts()["errors"], self._config.execution.max_error_fraction
        if self._total and errors / self._total > most:
            counted = f"{errors} of {self._total} samples of shard {self._context.index} failed"
            limit = "an evaluation needs every one"
            if isinstance(self._config, contract.SampleConfig):
                limit = f"more than the {most} of spec.sampling.maxErrorFraction, which can be raised"
            raise BadInput(f"{counted}: {limit}; see the column `error` in {self._draft.path}")


def _decoder(config: Config, context: Context) -> Callable[[Sequence[int]], str]:
    """Return the way from token ids to text without special tokens."""
    model = context.path(config.model)
    tokenizer = load_tokenizer(model, trust_remote_code=config.science.engine.trust_remote_code)

    def decode(tokens: Sequence[int]) -> str:
        return str(tokenizer.decode(tokens, skip_special_tokens=True))

    return decode
