"""The stage `curate`: what is kept of the samples, and in which order it is trained on."""

from collections.abc import Iterator

from ssd_jobs import contract
from ssd_operator.plan import execution
from ssd_operator.plan.graph import Artifact, Experiment, Graph, Node
from ssd_operator.plan.parts import Parts
from ssd_operator.spec.resolved import ResolvedSpec

__all__ = ["nodes"]


def nodes(experiment: Experiment, parts: Parts, before: Graph) -> Iterator[Node]:
    """Yield the stage, if anything is sampled."""
    for sampled in before.of(contract.SampleConfig):
        yield _node(experiment, parts, sampled)


def _node(experiment: Experiment, parts: Parts, sampled: Node) -> Node:
    """Return the stage that filters, counts, and orders the records of every step."""
    science = _science(experiment.spec)
    upstream = {"sample": sampled.key, "prompts": parts.prompts.value}
    key = experiment.key("curate", contract.science_of(science), upstream)
    config = contract.CurateConfig(
        **experiment.common("curate", key),
        stage="curate",
        science=science,
        samples=sampled.artifacts[0].path,
        prompts=parts.prompts.path,
        model=parts.model.path,
        output=contract.ARTIFACTS["curate"].path(key),
        execution=execution.sandboxed(experiment, "curate", runs_programs=science.limits is not None),
    )
    return Node(
        config=config,
        provisional=sampled.provisional,
        upstream=(sampled.name,),
        artifacts=(Artifact(config.output, key),),
    )


def _science(spec: ResolvedSpec) -> contract.CurateScience:
    """Return the filter policy and what the order of training depends on."""
    training = spec.training
    return contract.CurateScience(
        filter=spec.curation.filter,
        shortest_percent=spec.curation.shortest_percent,
        truncated=spec.curation.truncated,
        overlong=training.overlong,
        sequence_length=training.sequence_length,
        steps=training.steps,
        global_batch_size=training.global_batch_size,
        seed=training.seed,
        limits=contract.LIMITS if spec.curation.filter == "Execution" else None,
    )
