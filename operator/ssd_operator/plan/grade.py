"""The stages `grade`: verdicts on every generation of one arm on one benchmark, under every grading mode."""

from collections.abc import Iterator

from ssd_jobs import contract
from ssd_operator.plan import execution, keys
from ssd_operator.plan.graph import Artifact, Experiment, Graph, Node
from ssd_operator.plan.parts import Parts

__all__ = ["evaluations", "nodes"]


def nodes(experiment: Experiment, parts: Parts, before: Graph) -> Iterator[Node]:
    """Yield a stage for each that generates."""
    modes = {benchmark.name: benchmark.grading for benchmark in experiment.spec.evaluation.benchmarks}
    for generated in before.of(contract.GenerateConfig):
        assert isinstance(generated.config, contract.GenerateConfig)
        yield _node(experiment, parts, generated, generated.config, modes[generated.config.benchmark])


def evaluations(generated: Node, graded: Node) -> Iterator[contract.Evaluation]:
    """Yield what the report reads of how one arm did on one benchmark."""
    assert isinstance(generated.config, contract.GenerateConfig)
    assert isinstance(graded.config, contract.GradeConfig)
    settings = {setting.name: setting for setting in generated.config.settings}
    fixed = generated.config.settings[0].name
    for task in graded.config.tasks:
        yield contract.Evaluation(
            stage=graded.name,
            arm=generated.config.arm,
            setting=task.setting,
            decode=settings[task.setting].decode,
            fixed=task.setting == fixed,
            mode=task.mode,
            verdicts=task.output,
            generations=task.generations,
        )


def _node(
    experiment: Experiment,
    parts: Parts,
    generated: Node,
    of: contract.GenerateConfig,
    modes: tuple[contract.Grading, ...],
) -> Node:
    """Return the stage that judges what another has generated."""
    problems = parts.benchmarks[of.benchmark]
    tasks = tuple(_task(experiment, setting, mode, problems.value) for setting in of.settings for mode in modes)
    key = keys.combined("grade", [task.key for task in tasks])
    config = contract.GradeConfig(
        **experiment.common(f"grade-{of.arm.lower()}-{of.benchmark}", key),
        stage="grade",
        arm=of.arm,
        benchmark=of.benchmark,
        science=contract.LIMITS,
        tasks=tasks,
        problems=problems.path,
        tests=parts.tests[of.benchmark],
        execution=_execution(experiment),
    )
    return Node(
        config=config,
        provisional=generated.provisional,
        upstream=(generated.name,),
        artifacts=tuple(Artifact(task.output, task.key, config.execution.shards) for task in tasks),
    )


def _task(
    experiment: Experiment, setting: contract.GenerateSetting, mode: contract.Grading, benchmark: str
) -> contract.GradeTask:
    """Return the verdicts on one setting's generations under one grading mode, an artifact of their own."""
    recipe = {**contract.science_of(contract.LIMITS), "mode": mode}
    key = experiment.key("grade", recipe, {"generate": setting.key, "benchmark": benchmark})
    return contract.GradeTask(
        setting=setting.name,
        mode=mode,
        generations=setting.output,
        key=key,
        output=contract.ARTIFACTS["grade"].path(key),
    )


def _execution(experiment: Experiment) -> contract.GradeExecution:
    """Return where programs are run, and in how many shards."""
    sandbox = execution.sandboxed(experiment, "grade", runs_programs=True)
    return contract.GradeExecution(**dict(sandbox), shards=experiment.spec.evaluation.grade_shards)
