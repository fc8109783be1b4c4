"""All parts of one `prepare`, in the order in which they need each other: model, benchmarks, prompts."""

import hashlib
import json
import logging
from collections import Counter
from functools import cached_property
from typing import Any

import pyarrow as pa
from pydantic import JsonValue

from ssd_jobs import artifacts
from ssd_jobs.artifacts import Draft, Output, Provenance, tables
from ssd_jobs.context import Context
from ssd_jobs.contract import BenchmarkPart, ModelSize, PrepareConfig, Rendering, files, science_of
from ssd_jobs.errors import BadInput
from ssd_jobs.models import prompts, suitability
from ssd_jobs.models.model_files import model_files
from ssd_jobs.stages.prepare import benchmark_part, prompts_part
from ssd_jobs.stages.prepare.sources import models
from ssd_jobs.stages.prepare.sources.problem import Problem, statement_digest

__all__ = ["Parts"]

LOGGER = logging.getLogger(__name__)
MODEL, PROMPTS = "model", "prompts"
"""The names of the two parts that are no benchmark."""
TOKENIZER_FILES = (
    files.TOKENIZER,
    files.TOKENIZER_CONFIG,
    files.TOKENIZER_MODEL,
    "chat_template.jinja",
    files.TOKENIZER_VOCABULARY,
)


class Parts:
    """What a config asks for, and what of it is there."""

    def __init__(self, config: PrepareConfig, context: Context) -> None:
        self._config = config
        self._context = context
        self._total = 2 + len(config.benchmarks)
        self._done = 0

    @property
    def output(self) -> Output:
        """The stage's own directory, which says what came out."""
        return self._output(self._config.name, self._config.output, self._config.key)

    def complete(self) -> bool:
        """Tell whether there is nothing to do."""
        tests = [self._tests(part) for part in self._config.benchmarks]
        return all(output.find() is not None for output in (self.output, *self._parts().values(), *tests))

    def verify(self) -> None:
        """Hash the files of a model that was found, before stages with GPUs start on it."""
        model_files(self._context.path(self._config.model.output)).verify(
            on_file=self._context.check_stop, hashed=self._context.progress.megabytes("hashed")
        )

    def check_model(self) -> None:
        """Refuse a model that some later stage would refuse."""
        suitability.check(self._context.path(self._config.model.output), self._config)

    def size(self) -> ModelSize | None:
        """Return how large the model is, and say in the log what the experiment needs."""
        model = self._opened(self._config.model.output)
        base = int(model.manifest.counts["weight_bytes"])
        for sentence in suitability.needs(model.path, self._config, base=base):
            LOGGER.info("%s", sentence)
        return suitability.size(model.path, base=base)

    def make(self) -> None:
        """Make what is missing; each part is complete before the next one begins."""
        self._make_model()
        self.check_model()
        for part in self._config.benchmarks:
            self._make_benchmark(part)
        self._make_prompts()

    def digests(self) -> dict[str, str]:
        """Return what every part turned out to be."""
        config = self._config
        found = {
            MODEL: self._opened(config.model.output).digest,
            PROMPTS: self._opened(config.prompts.output).digest,
        }
        for part in config.benchmarks:
            both = [self._opened(part.output), self._opened(part.tests_output)]
            found[part.name] = artifacts.joint_digest(both)
        return found

    def summarize(self, draft: Draft) -> Provenance:
        """Write what a person asks first: counts, overlaps, and problems that two benchmarks share."""
        counts: dict[str, int | float] = {}
        for name, output in self._parts().items():
            made = artifacts.open_artifact(output.path).manifest
            counts |= {f"{name}/{key}": value for key, value in made.counts.items()}
        shared = self._shared()
        counts["shared_problems"] = len(shared)
        summary = {"counts": counts, "digests": self.digests(), "shared_problems": shared}
        draft.write_text(files.PREPARED, json.dumps(summary, indent=1, sort_keys=True) + "\n")
        facts: dict[str, JsonValue] = {"shared_problems": [dict[str, JsonValue](each) for each in shared]}
        image = self._config.execution.image
        return Provenance(science={}, inputs=self.digests(), counts=counts, facts=facts, image=image)

    def _make_model(self) -> None:
        """Make the model's directory, or hash the one that is there."""
        output = self._parts()[MODEL]
        if output.find() is None:
            artifacts.make(output, self._fill_model, hashed=self._context.progress.megabytes("hashed"))
        else:
            self.verify()
        self._advance()

    def _fill_model(self, draft: Draft) -> Provenance:
        """Fetch the model."""
        science, execution = self._config.model.science, self._config.execution
        self._context.progress.starting("fetching the model")
        facts = models.materialize(
            science,
            draft,
            workspace=self._context.workspace,
            offline=execution.offline,
            tracking_uri=execution.tracking_uri,
            fetched=self._context.progress.megabytes("fetched"),
        )
        size = sum(file.stat().st_size for file in draft.path.glob(f"*{files.WEIGHTS}"))
        return Provenance(
            science=science_of(science),
            inputs={},
            counts={"weight_bytes": size},
            facts=facts,
            image=execution.image,
        )

    def _make_benchmark(self, part: BenchmarkPart) -> None:
        """Make one benchmark's two directories, unless both are there."""
        outputs = self._parts()[part.name], self._tests(part)
        if any(output.find() is None for output in outputs):
            renderer = self._renderer(part.science.rendering)
            execution, inputs = self._config.execution, self._inputs()
            apart = self._digests_of(part.apart_from)
            benchmark_part.make(part, execution, self._context, renderer, outputs, inputs=inputs, apart_from=apart)
        self._advance()

    def _make_prompts(self) -> None:
        """Make the training prompts."""
        artifacts.make(self._parts()[PROMPTS], self._fill_prompts)
        self._advance()

    def _fill_prompts(self, draft: Draft) -> Provenance:
        """Write the training prompts; what they overlap with is known by now."""
        part = self._config.prompts
        renderer, sampled_as = self._renderer(part.science.rendering), part.science.sampled_as
        spoken = renderer
        if sampled_as is not None:
            spoken = self._renderer(part.science.rendering.model_copy(update={"prompt_mode": sampled_as}))
        statements: dict[str, list[str]] = {}
        for each in self._config.benchmarks if part.science.decontaminate != "Ignore" else ():
            statements.setdefault(each.benchmark, []).extend(self._statements(each))
        inputs = self._inputs()
        return prompts_part.fill(
            part, self._config.execution, self._context, renderer, statements, draft, inputs=inputs, spoken=spoken
        )

    def _renderer(self, rendering: Rendering) -> prompts.Renderer:
        """Return the way from problems to token ids."""
        template = prompts.load_template(rendering.template, self._context.workspace)
        size = suitability.vocabulary(self._context.path(self._config.model.output))
        return prompts.Renderer(rendering, template, self._tokenizer, vocabulary=size)

    @cached_property
    def _tokenizer(self) -> Any:
        """The model's tokenizer, loaded once."""
        part = self._config.model
        return prompts.load_tokenizer(self._context.path(part.output), trust_remote_code=part.science.trust_remote_code)

    def _inputs(self) -> dict[str, str]:
        """Return what prompts are made from besides their source: the tokenizer's files."""
        files = self._opened(self._config.model.output).manifest.files
        known = {name: files[name].sha256 for name in TOKENIZER_FILES if name in files}
        return {"tokenizer": hashlib.sha256(json.dumps(known, sort_keys=True).encode()).hexdigest()}

    def _digests_of(self, other: str | None) -> frozenset[bytes]:
        """Return what makes the problems of another benchmark the same as those of this one."""
        rows = [] if other is None else tables.rows(self._problems(other))
        return frozenset(statement_digest(Problem(row["problem_id"], row["statement"])) for row in rows)

    def _statements(self, part: BenchmarkPart) -> list[str]:
        """Return the statements of a benchmark."""
        data = self._problems(part.output)
        statements: list[str] = data["statement"].to_pylist()
        return statements

    def _problems(self, path: str) -> pa.Table:
        """Return ids and statements of a benchmark."""
        return self._opened(path).table(files.PROBLEMS, tables.PROBLEMS, columns=["problem_id", "statement"])

    def _shared(self) -> list[dict[str, str]]:
        """Return the problems that are in more than one benchmark, by statement."""
        places: dict[bytes, dict[str, str]] = {}
        for part in self._config.benchmarks:
            for row in tables.rows(self._problems(part.output)):
                problem = Problem(row["problem_id"], row["statement"])
                places.setdefault(statement_digest(problem), {})[part.benchmark] = problem.problem_id
        return sorted((found for found in places.values() if len(found) > 1), key=lambda found: sorted(found.items()))

    def _output(self, name: str, path: str, key: str) -> Output:
        return Output(path=self._context.path(path), stage=self._config.stage, name=name, key=key)

    def _tests(self, part: BenchmarkPart) -> Output:
        """Return the directory of a benchmark's tests, which only stages with a sandbox see."""
        return self._output(part.name, part.tests_output, part.key)

    def _parts(self) -> dict[str, Output]:
        """Return the directory of every part by its name."""
        config = self._config
        benchmarks = {part.name: self._output(part.name, part.output, part.key) for part in config.benchmarks}
        twice = [name for name, count in Counter(part.name for part in self._config.benchmarks).items() if count > 1]
        if twice:
            raise BadInput(f"evaluation.benchmarks: {twice[0]} is named twice; give every benchmark its own name")
        return {
            MODEL: self._output(MODEL, config.model.output, config.model.key),
            PROMPTS: self._output(PROMPTS, config.prompts.output, config.prompts.key),
            **benchmarks,
        }

    def _opened(self, path: str) -> artifacts.Artifact:
        """Open a part that must be complete by now."""
        return artifacts.open_artifact(self._context.path(path))

    def _advance(self) -> None:
        """Say how far this is, and leave here if asked to."""
        self._done += 1
        self._context.progress.update(done=self._done, total=self._total, unit="parts")
        self._context.check_stop()
