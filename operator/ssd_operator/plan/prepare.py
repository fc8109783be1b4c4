"""The stage `prepare`: one node that makes every part."""

from collections.abc import Iterator

from ssd_jobs import contract
from ssd_operator.plan import execution, keys
from ssd_operator.plan.graph import Artifact, Experiment, Graph, Node
from ssd_operator.plan.parts import Parts

__all__ = ["nodes"]


def nodes(experiment: Experiment, parts: Parts, _before: Graph) -> Iterator[Node]:
    """Yield the stage that makes all parts."""
    model, prompts, benchmarks = parts.model_part, parts.prompts_part, parts.benchmark_parts
    adapters = _adapters(experiment)
    made = [model.key, prompts.key, *(benchmark.key for benchmark in benchmarks)]
    key = keys.combined("prepare", made if adapters is None else [*made, "adapters", *adapters])
    config = contract.PrepareConfig(
        **experiment.common("prepare", key),
        stage="prepare",
        model=model,
        prompts=prompts,
        benchmarks=benchmarks,
        adapters=adapters,
        output=contract.ARTIFACTS["prepare"].path(key),
        execution=_execution(experiment),
    )
    artifacts = (
        Artifact(config.output, key),
        Artifact(model.output, model.key),
        Artifact(prompts.output, prompts.key),
        *(Artifact(benchmark.output, benchmark.key) for benchmark in benchmarks),
        *(Artifact(benchmark.tests_output, benchmark.key, withheld=True) for benchmark in benchmarks),
    )
    yield Node(config=config, provisional=False, upstream=(), artifacts=artifacts)


def _adapters(experiment: Experiment) -> tuple[str, ...] | None:
    """Return which layers training will adapt, if it trains adapters."""
    spec = experiment.spec
    trained = "Candidate" in spec.evaluation.arms and spec.training.lora.rank > 0
    return spec.training.lora.targets if trained else None


def _execution(experiment: Experiment) -> contract.PrepareExecution:
    """Return where prepare runs and whom it may ask."""
    platform = experiment.platform
    return contract.PrepareExecution(
        **execution.place(experiment, "prepare"),
        offline=platform.offline,
        tracking_uri=experiment.spec.tracking.uri or platform.tracking_uri,
    )
