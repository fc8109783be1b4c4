"""The stages `grade`: verdicts on what another stage has generated, under every grading mode that is asked for."""

from collections.abc import Iterator, Mapping

from ssd_jobs import contract
from ssd_operator.plan import execution, keys
from ssd_operator.plan.graph import Artifact, Experiment, Graph, Node
from ssd_operator.plan.parts import Parts, part_name

__all__ = ["evaluations", "generated_by", "nodes"]


def nodes(experiment: Experiment, parts: Parts, before: Graph) -> Iterator[Node]:
    """Yield a stage for each that generates; a setting is chosen by the mode that decides, and the others cost too."""
    benchmarks = {each.name: each for each in experiment.spec.evaluation.benchmarks}
    references = {
        node.config.benchmark: node
        for node in before.of(contract.ReferenceConfig)
        if isinstance(node.config, contract.ReferenceConfig)
    }
    for generated in before.of(contract.GenerateConfig):
        assert isinstance(generated.config, contract.GenerateConfig)
        of = generated.config
        benchmark = benchmarks[of.benchmark]
        modes = benchmark.grading[:1] if of.purpose == "Select" else benchmark.grading
        part = part_name(benchmark, of.purpose)
        yield _node(experiment, parts, generated, of, modes, part, references.get(part))


def generated_by(graph: Graph, graded: Node) -> Node:
    """Return the stage whose generations another one grades."""
    [generated] = (each for each in graph.upstream_of(graded) if isinstance(each.config, contract.GenerateConfig))
    return generated


def evaluations(generated: Node, graded: Node) -> Iterator[contract.Evaluation]:
    """Yield what is read of how one arm did on one part of a benchmark."""
    assert isinstance(generated.config, contract.GenerateConfig)
    assert isinstance(graded.config, contract.GradeConfig)
    settings = {setting.name: setting for setting in generated.config.settings}
    for task in graded.config.tasks:
        yield contract.Evaluation(
            stage=graded.name,
            generated_by=generated.name,
            arm=generated.config.arm,
            setting=task.setting,
            decode=settings[task.setting].decode,
            fixed=generated.config.purpose == "Report" and generated.config.selection is None,
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
    part: str,
    reference: Node | None,
) -> Node:
    """Return the stage that judges what another has generated."""
    read = {"benchmark": parts.benchmarks[part].value}
    if reference is not None:
        read["reference"] = reference.key
    tasks = tuple(_task(experiment, setting, mode, read) for setting in of.settings for mode in modes)
    first = [] if of.selection is None else [generated.key]
    key = keys.combined("grade", [*first, *(task.key for task in tasks)])
    config = contract.GradeConfig(
        **experiment.common(generated.name.replace("generate", "grade", 1), key),
        stage="grade",
        arm=of.arm,
        benchmark=of.benchmark,
        purpose=of.purpose,
        science=contract.LIMITS,
        tasks=tasks,
        selection=of.selection,
        problems=parts.benchmarks[part].path,
        tests=parts.tests[part],
        references=None if reference is None else reference.artifacts[0].path,
        execution=_execution(experiment),
    )
    return Node(
        config=config,
        provisional=generated.provisional,
        upstream=(generated.name,) if reference is None else (generated.name, reference.name),
        artifacts=tuple(
            Artifact(task.output, task.key, config.execution.shards, setting=task.setting) for task in tasks
        ),
        selection=generated.selection,
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
