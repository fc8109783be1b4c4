"""What `prepare` makes, and the identities of it.

Model, training prompts and each benchmark are parts with keys of their own, so that adding a benchmark does not
train again. A part whose sources are pinned is identified by its key; one that had to be resolved (a branch, an
alias, a file) is identified by its content, known once prepare has run, and its key contains the resource's uid so
that nobody finds an older resolution in its place.
"""

from dataclasses import dataclass

from ssd_jobs import contract
from ssd_jobs.contract import files
from ssd_operator.plan import keys, sources
from ssd_operator.plan.graph import Experiment, Surroundings
from ssd_operator.spec.evaluation import Benchmark
from ssd_operator.spec.resolved import ResolvedSpec

__all__ = ["Identity", "Parts", "parts_of"]


@dataclass(frozen=True)
class Identity:
    """What a later stage's key knows of a part."""

    path: str
    value: str
    known: bool


@dataclass(frozen=True)
class Parts:
    """Everything that prepare makes: how it is made, and what later stages know of it."""

    model_part: contract.ModelPart
    prompts_part: contract.PromptsPart
    benchmark_parts: tuple[contract.BenchmarkPart, ...]
    model: Identity
    prompts: Identity
    benchmarks: dict[str, Identity]
    tests: dict[str, str]
    """Benchmark -> directory of its tests."""


def parts_of(experiment: Experiment) -> Parts:
    """Return what prepare will have made."""
    model = _model(experiment)
    benchmarks = tuple(_benchmark(experiment, model, each) for each in experiment.spec.evaluation.benchmarks)
    prompts = _prompts(experiment, model, benchmarks)
    around = experiment.around
    model_pinned = contract.is_pinned(model.science.source)
    rendering_pinned = model_pinned and not experiment.spec.prompts.template
    prompts_pinned = rendering_pinned and _prompts_pinned(prompts, benchmarks)
    return Parts(
        model_part=model,
        prompts_part=prompts,
        benchmark_parts=benchmarks,
        model=_identity("model", model.key, model.output, model_pinned, around),
        prompts=_identity("prompts", prompts.key, prompts.output, prompts_pinned, around),
        benchmarks={
            each.name: _identity(
                each.name, each.key, each.output, rendering_pinned and contract.is_pinned(each.science.source), around
            )
            for each in benchmarks
        },
        tests={each.name: each.tests_output for each in benchmarks},
    )


def _prompts_pinned(prompts: contract.PromptsPart, benchmarks: tuple[contract.BenchmarkPart, ...]) -> bool:
    """Tell whether the prompts' key already says what they are."""
    if not contract.is_pinned(prompts.science.source):
        return False
    return prompts.science.decontaminate != "Drop" or all(
        contract.is_pinned(each.science.source) for each in benchmarks
    )


def _identity(name: str, key: str, path: str, pinned: bool, around: Surroundings) -> Identity:
    """Return the key of something pinned, the digest of something resolved, or that it is not known yet."""
    if pinned:
        return Identity(path, key, known=True)
    digest = around.digests.get(name)
    return Identity(path, digest or key, known=digest is not None)


def _salt(pinned: bool, around: Surroundings) -> dict[str, str]:
    """Return what keeps a resolution of this resource apart from another's."""
    return {} if pinned else {"resource": around.uid}


def _rendering(spec: ResolvedSpec) -> contract.Rendering:
    """Return how problems become token ids."""
    return contract.Rendering(
        prompt_mode=spec.model.prompt_mode,
        chat_template_args=dict(spec.model.chat_template_args),
        today=spec.model.template_date,
        template=spec.prompts.template or files.builtin_template(spec.prompts.form),
    )


def _model(experiment: Experiment) -> contract.ModelPart:
    """Return the part that is the base model."""
    spec = experiment.spec
    science = contract.ModelScience(
        source=sources.model_source(spec.model.source), trust_remote_code=spec.model.trust_remote_code
    )
    salt = _salt(contract.is_pinned(science.source), experiment.around)
    key = keys.key("model", science=contract.science_of(science), upstream=salt, nonce=experiment.nonce("prepare"))
    return contract.ModelPart(key=key, output=contract.ARTIFACTS["model"].path(key), science=science)


def _prompts(
    experiment: Experiment, model: contract.ModelPart, benchmarks: tuple[contract.BenchmarkPart, ...]
) -> contract.PromptsPart:
    """Return the part that is the training prompts; dropping overlaps makes them depend on the benchmarks."""
    spec = experiment.spec
    science = contract.PromptsScience(
        source=sources.problem_source(spec.prompts.source),
        rendering=_rendering(spec),
        deduplicate=spec.prompts.deduplicate,
        require_passed_column=spec.prompts.require_passed_column,
        limit=spec.prompts.limit,
        decontaminate=spec.prompts.decontaminate,
    )
    upstream = {"model": model.key, **_salt(contract.is_pinned(science.source), experiment.around)}
    if science.decontaminate == "Drop":
        upstream |= {f"benchmark.{each.name}": each.key for each in benchmarks}
    key = keys.key(
        "prompts", science=contract.science_of(science), upstream=upstream, nonce=experiment.nonce("prepare")
    )
    return contract.PromptsPart(key=key, output=contract.ARTIFACTS["prompts"].path(key), science=science)


def _benchmark(experiment: Experiment, model: contract.ModelPart, benchmark: Benchmark) -> contract.BenchmarkPart:
    """Return the part that is one benchmark."""
    science = contract.BenchmarkScience(
        source=sources.benchmark_source(benchmark.source),
        rendering=_rendering(experiment.spec),
        expect_problems=benchmark.expect_problems or None,
    )
    upstream = {"model": model.key, **_salt(contract.is_pinned(science.source), experiment.around)}
    key = keys.key(
        "benchmark", science=contract.science_of(science), upstream=upstream, nonce=experiment.nonce("prepare")
    )
    return contract.BenchmarkPart(
        name=benchmark.name,
        key=key,
        output=contract.ARTIFACTS["benchmark"].path(key),
        tests_output=contract.ARTIFACTS["benchmark"].withheld_path(key),
        science=science,
    )
