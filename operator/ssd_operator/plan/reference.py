"""The stages `reference`: which calls the assertions of a benchmark make, where its tests are assertions."""

from collections.abc import Iterator

from ssd_jobs import contract
from ssd_operator.plan import execution
from ssd_operator.plan.graph import Artifact, Experiment, Graph, Node
from ssd_operator.plan.parts import Parts

__all__ = ["nodes"]


def nodes(experiment: Experiment, parts: Parts, before: Graph) -> Iterator[Node]:
    """Yield a stage for each benchmark that needs its reference solutions to be run."""
    for part in parts.benchmark_parts:
        if contract.is_asserted(part.science.source):
            yield _node(experiment, parts, part, before)


def _node(experiment: Experiment, parts: Parts, part: contract.BenchmarkPart, before: Graph) -> Node:
    """Return the stage that runs one benchmark's checks."""
    problems = parts.benchmarks[part.name]
    key = experiment.key("reference", contract.science_of(contract.LIMITS), {"benchmark": problems.value})
    config = contract.ReferenceConfig(
        **experiment.common(f"reference-{part.name}", key),
        stage="reference",
        benchmark=part.name,
        science=contract.LIMITS,
        tests=part.tests_output,
        output=contract.ARTIFACTS["reference"].path(key),
        execution=execution.sandboxed(experiment, "reference", runs_programs=True),
    )
    return Node(
        config=config,
        provisional=not problems.known,
        upstream=before.names(contract.PrepareConfig),
        artifacts=(Artifact(config.output, key, withheld=True),),
    )
