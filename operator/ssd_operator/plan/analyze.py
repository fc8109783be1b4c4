"""The stage `analyze`: lock and fork statistics of both models on the same stored contexts."""

from collections.abc import Iterator

from ssd_jobs import contract
from ssd_operator.plan import execution
from ssd_operator.plan.graph import Artifact, Experiment, Graph, Node
from ssd_operator.plan.parts import Parts
from ssd_operator.plan.train import exported
from ssd_operator.spec.analysis import Analysis
from ssd_operator.spec.resolved import ResolvedSpec

__all__ = ["nodes"]

LIBRARY_TEMPERATURES = (0.4, 0.6, 0.8, 1.0, 1.2, 1.5, 2.0)
"""Where the paper's figure 6 looks."""
TOKENS = 4096


def nodes(experiment: Experiment, parts: Parts, before: Graph) -> Iterator[Node]:
    """Yield the stage, if it is turned on and there are two models."""
    analysis = experiment.spec.analysis
    if analysis is None:
        return
    for sampled, trained in zip(before.of(contract.SampleConfig), before.of(contract.TrainConfig), strict=True):
        yield _node(experiment, parts, analysis, sampled, trained)


def _node(experiment: Experiment, parts: Parts, analysis: Analysis, sampled: Node, trained: Node) -> Node:
    """Return the stage that compares the base with what training made of it."""
    science = _science(experiment.spec, analysis)
    upstream = {"model": parts.model.value, "sample": sampled.key, "train": trained.key}
    key = experiment.key("analyze", contract.science_of(science), upstream)
    config = contract.AnalyzeConfig(
        **experiment.common("analyze", key),
        stage="analyze",
        science=science,
        base=parts.model.path,
        candidate=exported(trained).path,
        samples=sampled.artifacts[0].path,
        output=contract.ARTIFACTS["analyze"].path(key),
        execution=contract.AnalyzeExecution(**execution.place(experiment, "analyze"), gpus=analysis.gpus),
    )
    return Node(
        config=config,
        provisional=trained.provisional,
        upstream=(sampled.name, trained.name),
        artifacts=(Artifact(config.output, key),),
    )


def _science(spec: ResolvedSpec, analysis: Analysis) -> contract.AnalyzeScience:
    """Return what the statistics look at."""
    return contract.AnalyzeScience(
        problems=analysis.problems,
        max_tokens=TOKENS,
        temperatures=LIBRARY_TEMPERATURES,
        decode=execution.decode(spec.evaluation.benchmarks[0].decode.candidate),
        seed=analysis.seed,
        trust_remote_code=spec.model.trust_remote_code,
    )
