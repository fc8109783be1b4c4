"""The stages that compare: generate and grade, one pair per arm and benchmark."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Literal

from ssd_jobs import contract
from ssd_operator import naming
from ssd_operator.plan import keys
from ssd_operator.plan import science as recipes
from ssd_operator.plan.graph import Artifact, Experiment, Node
from ssd_operator.plan.parts import Identity, Parts
from ssd_operator.plan.training import HANG_TIMEOUT_S, sandboxed
from ssd_operator.spec.evaluation import Benchmark

__all__ = ["Arm", "Model", "Pair", "pair"]

Arm = Literal["Base", "Candidate"]


@dataclass(frozen=True)
class Model:
    """The model of an arm, and the stage that makes it."""

    identity: Identity
    made_by: str


@dataclass(frozen=True)
class Pair:
    """How one arm did on one benchmark: two stages and what the report reads."""

    generate: Node
    grade: Node
    evaluations: tuple[contract.Evaluation, ...]


def pair(experiment: Experiment, parts: Parts, benchmark: Benchmark, arm: Arm, model: Model) -> Pair:
    """Return generate and grade of one arm on one benchmark."""
    generate = _generate(experiment, parts, benchmark, arm, model)
    grade = _grade(experiment, parts, benchmark, generate)
    return Pair(generate, grade, tuple(_evaluations(generate, grade)))


def _decodes(benchmark: Benchmark, arm: Arm) -> list[contract.Decode]:
    """Return the arm's decode settings, the one that was fixed before the run first, without repeats."""
    fixed = benchmark.decode.base if arm == "Base" else benchmark.decode.candidate
    return list(dict.fromkeys(recipes.decode(each) for each in (fixed, *benchmark.sweep)))


def _generate(experiment: Experiment, parts: Parts, benchmark: Benchmark, arm: Arm, model: Model) -> Node:
    """n samples per problem for every decode setting, with one engine start."""
    problems = parts.benchmarks[benchmark.name]
    science = recipes.generate(experiment.spec, benchmark)
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
        execution=_engine_execution(experiment),
    )
    return Node(
        config=config,
        provisional=not (model.identity.known and problems.known),
        upstream=tuple(dict.fromkeys(("prepare", model.made_by))),
        artifacts=tuple(Artifact(setting.output, setting.key, science.shards) for setting in settings),
    )


def _setting(
    experiment: Experiment, science: contract.GenerateScience, decode: contract.Decode, upstream: dict[str, str]
) -> contract.GenerateSetting:
    """Return one decode setting, whose generations are an artifact of their own."""
    recipe = {**contract.science_of(science), "decode": contract.science_of(decode)}
    key = experiment.key("generate", recipe, upstream)
    name = naming.setting_name(temperature=decode.temperature, top_k=decode.top_k, top_p=decode.top_p)
    output = contract.ARTIFACTS["generate"].path(key)
    return contract.GenerateSetting(name=name, decode=decode, key=key, output=output)


def _engine_execution(experiment: Experiment) -> contract.ShardedExecution:
    """Return where generations are made; an evaluation forgives no lost sample."""
    return contract.ShardedExecution(
        metrics_port=experiment.platform.metrics_port,
        image=experiment.platform.worker_image,
        gpus=experiment.spec.evaluation.gpus_per_shard,
        max_error_fraction=0.0,
        hang_timeout_s=HANG_TIMEOUT_S,
    )


def _grade(experiment: Experiment, parts: Parts, benchmark: Benchmark, generate: Node) -> Node:
    """Verdicts on every generation, under every grading mode."""
    assert isinstance(generate.config, contract.GenerateConfig)
    arm, science = generate.config.arm, recipes.grade(experiment.spec)
    problems = parts.benchmarks[benchmark.name]
    tasks = tuple(_tasks(experiment, science, generate, problems.value, benchmark.grading))
    key = keys.combined("grade", [task.key for task in tasks])
    config = contract.GradeConfig(
        **experiment.common(f"grade-{arm.lower()}-{benchmark.name}", key),
        stage="grade",
        arm=arm,
        benchmark=benchmark.name,
        science=science,
        tasks=tasks,
        problems=problems.path,
        tests=parts.tests[benchmark.name],
        execution=sandboxed(experiment, runs_programs=True),
    )
    return Node(
        config=config,
        provisional=generate.provisional,
        upstream=(generate.name,),
        artifacts=tuple(Artifact(task.output, task.key, science.shards) for task in tasks),
    )


def _tasks(
    experiment: Experiment,
    science: contract.GradeScience,
    generate: Node,
    benchmark: str,
    modes: tuple[contract.Grading, ...],
) -> Iterator[contract.GradeTask]:
    """Yield what is graded: every decode setting under every mode."""
    assert isinstance(generate.config, contract.GenerateConfig)
    for setting in generate.config.settings:
        for mode in modes:
            yield _task(experiment, science, setting, mode, generate.tasks, benchmark)


def _task(
    experiment: Experiment,
    science: contract.GradeScience,
    setting: contract.GenerateSetting,
    mode: contract.Grading,
    shards: int,
    benchmark: str,
) -> contract.GradeTask:
    """Return the verdicts on one setting's generations under one grading mode, an artifact of their own."""
    recipe = {**contract.science_of(science), "mode": mode}
    key = experiment.key("grade", recipe, {"generate": setting.key, "benchmark": benchmark})
    return contract.GradeTask(
        setting=setting.name,
        mode=mode,
        generations=setting.output,
        generation_shards=shards,
        key=key,
        output=contract.ARTIFACTS["grade"].path(key),
    )


def _evaluations(generate: Node, grade: Node) -> list[contract.Evaluation]:
    """Return what the report reads of this pair."""
    assert isinstance(generate.config, contract.GenerateConfig)
    assert isinstance(grade.config, contract.GradeConfig)
    settings = {setting.name: setting for setting in generate.config.settings}
    fixed = generate.config.settings[0].name
    return [
        contract.Evaluation(
            arm=generate.config.arm,
            setting=task.setting,
            decode=settings[task.setting].decode,
            fixed=task.setting == fixed,
            mode=task.mode,
            verdicts=task.output,
            verdict_shards=grade.tasks,
            generations=task.generations,
            generation_shards=generate.tasks,
        )
        for task in grade.config.tasks
    ]
