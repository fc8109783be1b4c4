"""The stages `grade`: verdicts on every generation of one arm on one benchmark, under every grading mode."""

from collections.abc import Iterator, Mapping

from ssd_jobs import contract
from ssd_operator.plan import execution, keys
from ssd_operator.plan.graph import Artifact, Experiment, Graph, Node
from ssd_operator.plan.parts import Parts

__all__ = ["evaluations", "nodes"]


def nodes(experiment: Experiment, parts: Parts, before: Graph) -> Iterator[Node]:
    """Yield a stage for each that generates."""
    modes = {benchmark.name: benchmark.grading for benchmark in experiment.spec.evaluation.benchmarks}
    references = {
        node.config.benchmark: node
        for node in before.of(contract.ReferenceConfig)
        if isinstance(node.config, contract.ReferenceConfig)
    }
    for generated in before.of(contract.GenerateConfig):
        assert isinstance(generated.config, contract.GenerateConfig)
        benchmark = generated.config.benchmark
        yield _node(experiment, parts, generated, generated.config, modes[benchmark], references.get(benchmark))


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
    reference: Node | None,
) -> Node:
    """Return the stage that judges what another has generated."""
    read = {"benchmark": parts.benchmarks[of.benchmark].value}
    if reference is not None:
        read["reference"] = reference.key
    tasks = tuple(_task(experiment, setting, mode, read) for setting in of.settings for mode in modes)
    key = keys.combined("grade", [task.key for task in tasks])
    config = contract.GradeConfig(
        **experiment.common(f"grade-{of.arm.lower()}-{of.benchmark}", key),
        stage="grade",
        arm=of.arm,
        benchmark=of.benchmark,
        science=contract.LIMITS,
        tasks=tasks,
        problems=parts.benchmarks[of.benchmark].path,
        tests=parts.tests[of.benchmark],
        references=None if reference is None else reference.artifacts[0].path,
        execution=_execution(experiment),
    )
    return Node(
        config=config,
        provisional=generated.provisional,
        upstream=(generated.name,) if reference is None else (generated.name, reference.name),
        artifacts=tuple(Artifact(task.output, task.key, config.execution.shards) for task in tasks),
    )


def _task(
    experiment: Experiment, setting: contract.GenerateSetting, mode: contract.Grading, read: Mapping[str, str]
) -> contract.GradeTask:
    """Return the verdicts on one setting's generations under one grading mode, an artifact of their own."""
    recipe = {**contract.science_of(contract.LIMITS), "mode": mode}
    key = experiment.key("grade", recipe, {"generate": setting.key, **read})
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
