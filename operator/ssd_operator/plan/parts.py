"""What `prepare` makes, and the identities of it.

Model, training prompts and each benchmark are parts with keys of their own, so that adding a benchmark does not
train again. A benchmark with a sweep is two parts, the problems to select decode settings on and those to report on. A
part whose sources are pinned is identified by its key; one that had to be resolved (a branch, an
alias, a file) is identified by its content, known once prepare has run, and its key contains the resource's uid so
that nobody finds an older resolution in its place.
"""

from dataclasses import dataclass
from typing import Literal, get_args

from ssd_jobs import contract
from ssd_jobs.contract import files
from ssd_operator.plan import keys, sources
from ssd_operator.plan.graph import Experiment, Surroundings
from ssd_operator.spec.evaluation import Benchmark
from ssd_operator.spec.resolved import ResolvedSpec

__all__ = ["Identity", "Parts", "part_name", "parts_of"]


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
    """Part of a benchmark, or all of it -> what is known of its problems."""
    tests: dict[str, str]
    """The same -> directory of its tests."""


def part_name(benchmark: Benchmark, purpose: contract.Purpose) -> str:
    """Return what the problems of a benchmark are called that are there for this purpose."""
    if not benchmark.sweep:
        return benchmark.name
    return (purpose == "Select" and benchmark.select_from) or f"{benchmark.name}-{purpose.lower()}"


def parts_of(experiment: Experiment) -> Parts:
    """Return what prepare will have made."""
    model = _model(experiment)
    benchmarks = _benchmarks(experiment, model)
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
                each.name, each.key, each.output, rendering_pinned and _is_pinned(each, benchmarks), around
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


def _is_pinned(part: contract.BenchmarkPart, benchmarks: tuple[contract.BenchmarkPart, ...]) -> bool:
    """Tell whether the key of a part says what its problems are: also those that it leaves out."""
    read = [each for each in benchmarks if each.output in (part.output, part.apart_from)]
    return all(contract.is_pinned(each.science.source) for each in read)


def _identity(name: str, key: str, path: str, pinned: bool, around: Surroundings) -> Identity:
    """Return the key of something pinned, the digest of something resolved, or that it is not known yet."""
    if pinned:
        return Identity(path, key, known=True)
    digest = around.digests.get(name)
    return Identity(path, digest or key, known=digest is not None)


def _salt(pinned: bool, around: Surroundings) -> dict[str, str]:
    """Return what keeps a resolution of this resource, or of all cells of its sweep, apart from another's."""
    return {} if pinned else {"resource": around.sweep_uid or around.uid}


def _rendering(spec: ResolvedSpec) -> contract.Rendering:
    """Return how problems become token ids."""
    return contract.Rendering(
        prompt_mode=spec.model.prompt_mode,
        chat_template_args=dict(spec.model.chat_template_args),
        today=spec.model.template_date,
        template=spec.prompts.template or files.builtin_template(spec.prompts.form),
    )


def _sampled_as(spec: ResolvedSpec) -> Literal["Chat", "Raw"] | None:
    """Return how the sampler speaks to the model, None where it is as everything else does."""
    wanted = spec.sampling.prompt_mode
    return None if wanted == "Same" or wanted == spec.model.prompt_mode else wanted  # noqa: PLR1714 - mypy narrows this


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
        skip=spec.prompts.skip or None,
        decontaminate=spec.prompts.decontaminate,
        sampled_as=_sampled_as(spec),
    )
    upstream = {"model": model.key, **_salt(contract.is_pinned(science.source), experiment.around)}
    if science.decontaminate == "Drop":
        upstream |= {f"benchmark.{each.name}": each.key for each in benchmarks}
    key = keys.key(
        "prompts", science=contract.science_of(science), upstream=upstream, nonce=experiment.nonce("prepare")
    )
    return contract.PromptsPart(key=key, output=contract.ARTIFACTS["prompts"].path(key), science=science)


def _benchmarks(experiment: Experiment, model: contract.ModelPart) -> tuple[contract.BenchmarkPart, ...]:
    """Return the parts that are benchmarks, whole or in two, each after the one that it is kept apart from."""
    found: dict[str, contract.BenchmarkPart] = {}
    for benchmark in sorted(experiment.spec.evaluation.benchmarks, key=lambda each: bool(each.sweep)):
        apart_from = found[benchmark.select_from] if benchmark.sweep and benchmark.select_from else None
        for split in _splits(benchmark):
            part = _benchmark(experiment, model, benchmark, split, apart_from)
            found[part.name] = part
    return tuple(found.values())


def _splits(benchmark: Benchmark) -> tuple[contract.Split | None, ...]:
    """Return the parts that a benchmark's problems are divided into."""
    if not benchmark.sweep:
        return (None,)
    if benchmark.select_from:
        return (contract.Split(purpose="Report", share=0.0),)
    return tuple(contract.Split(purpose=each, share=benchmark.select_share) for each in get_args(contract.Purpose))


def _benchmark(
    experiment: Experiment,
    model: contract.ModelPart,
    benchmark: Benchmark,
    split: contract.Split | None,
    apart_from: contract.BenchmarkPart | None,
) -> contract.BenchmarkPart:
    """Return one part of a benchmark, or all of it."""
    science = contract.BenchmarkScience(
        source=sources.benchmark_source(benchmark.source),
        rendering=_rendering(experiment.spec),
        expect_problems=benchmark.expect_problems or None,
        split=split,
        asks="Input" if "Input" in benchmark.grading else None,
    )
    read = [science.source, *([apart_from.science.source] if apart_from else [])]
    upstream = {"model": model.key, **_salt(all(map(contract.is_pinned, read)), experiment.around)}
    if apart_from is not None:
        upstream["apart_from"] = apart_from.key
    key = keys.key(
        "benchmark", science=contract.science_of(science), upstream=upstream, nonce=experiment.nonce("prepare")
    )
    return contract.BenchmarkPart(
        name=part_name(benchmark, split.purpose if split else "Report"),
        benchmark=benchmark.name,
        key=key,
        output=contract.ARTIFACTS["benchmark"].path(key),
        tests_output=contract.ARTIFACTS["benchmark"].withheld_path(key),
        science=science,
        answered=not {"Answer", "Input"}.isdisjoint(benchmark.grading),
        apart_from=apart_from.output if apart_from else None,
    )
