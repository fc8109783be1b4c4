"""The stages that compare: generate and grade, one pair per arm and benchmark."""

from dataclasses import dataclass
from typing import Literal

from ssd_jobs import contract
from ssd_operator import naming
from ssd_operator.plan import keys
from ssd_operator.plan.graph import Artifact, Experiment, Node
from ssd_operator.plan.parts import Identity, Parts
from ssd_operator.plan.training import HANG_TIMEOUT_S, engine
from ssd_operator.spec.evaluation import Benchmark

__all__ = ["Arm", "Model", "Pair", "pair"]

Arm = Literal["Base", "Candidate"]

CPU_SECONDS = 6.0
"""Per test; LiveCodeBench's own limit, here of CPU time."""
WALL_SECONDS = 30.0
MEMORY_MB = 1024
OUTPUT_MB = 16


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
    settings = [
        contract.Decode(temperature=each.temperature, top_k=each.top_k, top_p=each.top_p)
        for each in (fixed, *benchmark.sweep)
    ]
    return list(dict.fromkeys(settings))


def _generate(experiment: Experiment, parts: Parts, benchmark: Benchmark, arm: Arm, model: Model) -> Node:
    """n samples per problem for every decode setting, with one engine start."""
    spec, platform = experiment.spec, experiment.platform
    problems = parts.benchmarks[benchmark.name]
    science = contract.GenerateScience(
        samples_per_problem=benchmark.samples_per_problem,
        max_sequence_tokens=benchmark.max_sequence_tokens,
        seed=spec.sampling.seed,
        engine=engine(spec),
        shards=spec.evaluation.shards,
    )
    settings = []
    for decode in _decodes(benchmark, arm):
        recipe = {**contract.science_of(science), "decode": contract.science_of(decode)}
        key = keys.key(
            "generate",
            science=recipe,
            upstream={"model": model.identity.value, "benchmark": problems.value},
            nonce=experiment.nonce("generate"),
        )
        name = naming.setting_name(temperature=decode.temperature, top_k=decode.top_k, top_p=decode.top_p)
        output = naming.artifact_path("generations", key)
        settings.append(contract.GenerateSetting(name=name, decode=decode, key=key, output=output))
    config = contract.GenerateConfig(
        version=1,
        stage="generate",
        name=f"generate-{arm.lower()}-{benchmark.name}",
        key=keys.combined("generate", [setting.key for setting in settings]),
        workspace=platform.workspace,
        arm=arm,
        benchmark=benchmark.name,
        science=science,
        settings=tuple(settings),
        model=model.identity.path,
        prompts=problems.path,
        execution=contract.ShardedExecution(
            metrics_port=platform.metrics_port,
            image=platform.worker_image,
            gpus=spec.evaluation.gpus_per_shard,
            max_error_fraction=0.0,
            hang_timeout_s=HANG_TIMEOUT_S,
        ),
    )
    return Node(
        name=config.name,
        kind="generate",
        key=config.key,
        provisional=not (model.identity.known and problems.known),
        upstream=tuple(dict.fromkeys(("prepare", model.made_by))),
        config=config,
        artifacts=tuple(Artifact(setting.output, setting.key, science.shards) for setting in settings),
        tasks=science.shards,
        gpus=spec.evaluation.gpus_per_shard,
    )


def _grade(experiment: Experiment, parts: Parts, benchmark: Benchmark, generate: Node) -> Node:
    """Verdicts on every generation, under every grading mode."""
    spec, platform = experiment.spec, experiment.platform
    assert isinstance(generate.config, contract.GenerateConfig)
    science = contract.GradeScience(
        cpu_seconds=CPU_SECONDS,
        wall_seconds=WALL_SECONDS,
        memory_mb=MEMORY_MB,
        output_mb=OUTPUT_MB,
        shards=spec.evaluation.grade_shards,
    )
    problems = parts.benchmarks[benchmark.name]
    tasks = []
    for setting in generate.config.settings:
        for mode in benchmark.grading:
            recipe = {**contract.science_of(science), "mode": mode}
            upstream = {"generate": setting.key, "benchmark": problems.value}
            key = keys.key("grade", science=recipe, upstream=upstream, nonce=experiment.nonce("grade"))
            tasks.append(
                contract.GradeTask(
                    setting=setting.name,
                    mode=mode,
                    generations=setting.output,
                    generation_shards=generate.tasks,
                    key=key,
                    output=naming.artifact_path("verdicts", key),
                )
            )
    config = contract.GradeConfig(
        version=1,
        stage="grade",
        name=f"grade-{generate.config.arm.lower()}-{benchmark.name}",
        key=keys.combined("grade", [task.key for task in tasks]),
        workspace=platform.workspace,
        arm=generate.config.arm,
        benchmark=benchmark.name,
        science=science,
        tasks=tuple(tasks),
        problems=problems.path,
        tests=parts.tests[benchmark.name],
        execution=contract.SandboxExecution(
            metrics_port=0,
            image=platform.grader_image,
            sandbox_socket=platform.sandbox_socket,
            allow_weak_isolation=spec.evaluation.allow_weak_isolation,
            workers=0,
        ),
    )
    return Node(
        name=config.name,
        kind="grade",
        key=config.key,
        provisional=generate.provisional,
        upstream=(generate.name,),
        config=config,
        artifacts=tuple(Artifact(task.output, task.key, science.shards) for task in tasks),
        tasks=science.shards,
        gpus=0,
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
