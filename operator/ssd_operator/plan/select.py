"""The stages `select`: the decode setting of one arm on one benchmark with a sweep.

Each arm has a stage of its own, so that the base's choice neither waits for a candidate nor depends on one: all
experiments on one model share it.
"""

from collections.abc import Iterator

from ssd_jobs import contract
from ssd_operator.plan import execution
from ssd_operator.plan.grade import evaluations, generated_by
from ssd_operator.plan.graph import Artifact, Experiment, Graph, Node
from ssd_operator.plan.parts import Parts
from ssd_operator.spec.evaluation import Benchmark

__all__ = ["nodes"]


def nodes(experiment: Experiment, _parts: Parts, before: Graph) -> Iterator[Node]:
    """Yield a stage for each that grades select problems."""
    benchmarks = {each.name: each for each in experiment.spec.evaluation.benchmarks}
    for graded in before.of(contract.GradeConfig):
        assert isinstance(graded.config, contract.GradeConfig)
        if graded.config.purpose == "Select":
            generated = generated_by(before, graded)
            yield _node(experiment, benchmarks[graded.config.benchmark], generated, graded, graded.config)


def _node(
    experiment: Experiment, benchmark: Benchmark, generated: Node, graded: Node, of: contract.GradeConfig
) -> Node:
    """Return the stage that chooses by the verdicts of another."""
    science = contract.SelectScience(
        k=int(benchmark.select_metric.removeprefix("pass@")), samples_per_problem=benchmark.samples_per_problem
    )
    keys = {task.setting: task.key for task in of.tasks}
    key = experiment.key("select", contract.science_of(science), keys)
    config = contract.SelectConfig(
        **experiment.common(f"select-{of.arm.lower()}-{of.benchmark}", key),
        stage="select",
        arm=of.arm,
        benchmark=of.benchmark,
        select_benchmark=benchmark.select_from or benchmark.name,
        science=science,
        settings=tuple(
            contract.SelectSetting(name=each.setting, decode=each.decode, verdicts=each.verdicts)
            for each in evaluations(generated, graded)
        ),
        output=contract.ARTIFACTS["select"].path(key),
        execution=contract.StageExecution(**execution.place(experiment, "select")),
    )
    return Node(
        config=config,
        provisional=graded.provisional,
        upstream=(graded.name,),
        artifacts=(Artifact(config.output, key),),
    )
