"""The stage `sample`: solutions of the training problems, drawn once per prompt from the frozen base."""

from collections.abc import Iterator

from ssd_jobs import contract
from ssd_operator.plan import execution
from ssd_operator.plan.graph import Artifact, Experiment, Graph, Node
from ssd_operator.plan.parts import Parts
from ssd_operator.spec.resolved import ResolvedSpec

__all__ = ["nodes"]


def nodes(experiment: Experiment, parts: Parts, before: Graph) -> Iterator[Node]:
    """Yield the stage, if there shall be a candidate."""
    if "Candidate" not in experiment.spec.evaluation.arms:
        return
    science = _science(experiment.spec)
    upstream = {"model": parts.model.value, "prompts": parts.prompts.value}
    key = experiment.key("sample", contract.science_of(science), upstream)
    config = contract.SampleConfig(
        **experiment.common("sample", key),
        stage="sample",
        science=science,
        model=parts.model.path,
        prompts=parts.prompts.path,
        output=contract.ARTIFACTS["sample"].path(key),
        execution=_execution(experiment),
    )
    yield Node(
        config=config,
        provisional=not (parts.model.known and parts.prompts.known),
        upstream=before.names(contract.PrepareConfig),
        artifacts=(Artifact(config.output, key, config.execution.shards),),
    )


def _science(spec: ResolvedSpec) -> contract.SampleScience:
    """Return how the training samples are drawn."""
    sampling = spec.sampling
    return contract.SampleScience(
        decode=execution.decode(sampling),
        samples_per_prompt=sampling.samples_per_prompt,
        max_sequence_tokens=sampling.max_sequence_tokens,
        seed=sampling.seed,
        engine=execution.engine(spec),
    )


def _execution(experiment: Experiment) -> contract.ShardedExecution:
    """Return where samples are drawn, and how many problems may be lost on the way."""
    sampling = experiment.spec.sampling
    return contract.ShardedExecution(
        **execution.place(experiment, "sample"),
        shards=sampling.shards,
        gpus=sampling.gpus_per_shard,
        engine_args=execution.speed_args(experiment.spec),
        max_error_fraction=sampling.max_error_fraction,
        hang_timeout_s=execution.HANG_TIMEOUT_S,
    )
