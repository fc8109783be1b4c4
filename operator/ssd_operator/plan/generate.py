"""The stages `generate`: one arm's answers to one benchmark, at every decode setting, with one engine start."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Literal

from ssd_jobs import contract
from ssd_operator import naming
from ssd_operator.plan import execution, keys
from ssd_operator.plan.graph import Artifact, Experiment, Graph, Node
from ssd_operator.plan.parts import Identity, Parts
from ssd_operator.plan.train import exported
from ssd_operator.spec.evaluation import Benchmark
from ssd_operator.spec.resolved import ResolvedSpec

__all__ = ["nodes"]

Arm = Literal["Base", "Candidate"]


@dataclass(frozen=True)
class ArmModel:
    """The model of an arm, and the stages that its answers wait for."""

    identity: Identity
    upstream: tuple[str, ...]


def nodes(experiment: Experiment, parts: Parts, before: Graph) -> Iterator[Node]:
    """Yield a stage per benchmark and arm, in the order of the spec."""
    prepared = before.names(contract.PrepareConfig)
    models: dict[Arm, ArmModel] = {"Base": ArmModel(parts.model, prepared)}
    for node in before.of(contract.TrainConfig):
        models["Candidate"] = ArmModel(exported(node), (*prepared, node.name))
    for benchmark in experiment.spec.evaluation.benchmarks:
        for arm in experiment.spec.evaluation.arms:
            yield _node(experiment, parts, benchmark, arm, models[arm])


def _node(experiment: Experiment, parts: Parts, benchmark: Benchmark, arm: Arm, model: ArmModel) -> Node:
    """Return the stage that draws n samples per problem for every decode setting."""
    problems = parts.benchmarks[benchmark.name]
    science = _science(experiment.spec, benchmark)
    upstream = {"model": model.identity.value, "benchmark": problems.value}
    settings = [_setting(experiment, science, decode, upstream) for decode in _decodes(benchmark, arm)]
    key = keys.combined("generate", [setting.key for setting in settings])
    config = contract.GenerateConfig(
        **experiment.common(f"generate-{arm.lower()}-{benchmark.name}", key),
        stage="generate",
        arm=arm,
        benchmark=benchmark.name,
        science=science,
        settings=tuple(settings),
        model=model.identity.path,
        prompts=problems.path,
        execution=_execution(experiment),
    )
    return Node(
        config=config,
        provisional=not (model.identity.known and problems.known),
        upstream=model.upstream,
        artifacts=tuple(Artifact(setting.output, setting.key, config.execution.shards) for setting in settings),
    )


def _decodes(benchmark: Benchmark, arm: Arm) -> list[contract.Decode]:
    """Return the arm's decode settings, the one that was fixed before the run first, without repeats."""
    fixed = benchmark.decode.base if arm == "Base" else benchmark.decode.candidate
    return list(dict.fromkeys(execution.decode(each) for each in (fixed, *benchmark.sweep)))


def _setting(
    experiment: Experiment, science: contract.GenerateScience, decode: contract.Decode, upstream: dict[str, str]
) -> contract.GenerateSetting:
    """Return one decode setting, whose generations are an artifact of their own."""
    recipe = {**contract.science_of(science), "decode": contract.science_of(decode)}
    key = experiment.key("generate", recipe, upstream)
    name = naming.setting_name(temperature=decode.temperature, top_k=decode.top_k, top_p=decode.top_p)
    output = contract.ARTIFACTS["generate"].path(key)
    return contract.GenerateSetting(name=name, decode=decode, key=key, output=output)


def _science(spec: ResolvedSpec, benchmark: Benchmark) -> contract.GenerateScience:
    """Return how a benchmark's problems are answered, whatever the decode setting."""
    return contract.GenerateScience(
        samples_per_problem=benchmark.samples_per_problem,
        max_sequence_tokens=benchmark.max_sequence_tokens,
        seed=spec.evaluation.seed,
        engine=execution.engine(spec),
    )


def _execution(experiment: Experiment) -> contract.ShardedExecution:
    """Return where generations are made; an evaluation forgives no lost sample."""
    return contract.ShardedExecution(
        **execution.place(experiment, "generate"),
        shards=experiment.spec.evaluation.shards,
        gpus=experiment.spec.evaluation.gpus_per_shard,
        engine_args=execution.speed_args(experiment.spec),
        max_error_fraction=0.0,
        hang_timeout_s=execution.HANG_TIMEOUT_S,
    )
