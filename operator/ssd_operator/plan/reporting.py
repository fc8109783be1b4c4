"""The last stage: report."""

from collections.abc import Collection, Iterator, Mapping, Sequence

from ssd_jobs import contract
from ssd_jobs.contract import files
from ssd_operator import naming
from ssd_operator.plan import sources
from ssd_operator.plan.evaluation import Pair
from ssd_operator.plan.graph import Artifact, Experiment, Node
from ssd_operator.plan.parts import Parts
from ssd_operator.plan.training import tracking
from ssd_operator.spec.promotion import Gate
from ssd_operator.spec.resolved import ResolvedSpec

__all__ = ["report"]

BOOTSTRAP_REPLICATES = 10_000


def report(experiment: Experiment, parts: Parts, nodes: Sequence[Node], pairs: Mapping[str, Sequence[Pair]]) -> Node:
    """Measure, compare, decide and record; written also when stages failed, without what they would have made."""
    spec, around = experiment.spec, experiment.around
    failed = {stage.name for stage in around.failed}
    present = [node for node in nodes if node.name not in failed]
    science = contract.ReportScience(
        bootstrap_replicates=BOOTSTRAP_REPLICATES, seed=spec.training.seed, promotion=_promotion(spec, around.name)
    )
    key = _key(experiment, science, present, failed)
    config = contract.ReportConfig(
        **experiment.common("report", key),
        stage="report",
        experiment=around.name,
        spec=spec.document(),
        science=science,
        model=parts.model.path,
        candidate=_candidate(present),
        benchmarks=tuple(_benchmark(spec, parts, name, found, failed) for name, found in pairs.items()),
        artifacts=tuple(_artifacts(present)),
        output=contract.ARTIFACTS["report"].path(key),
        execution=_execution(experiment),
    )
    return Node(
        config=config,
        provisional=any(node.provisional for node in nodes),
        upstream=tuple(node.name for node in nodes),
        artifacts=(Artifact(config.output, key),),
    )


def _candidate(nodes: Sequence[Node]) -> str:
    """Return where the exported candidate is, or nothing when there is none."""
    trained = (node for node in nodes if isinstance(node.config, contract.TrainConfig))
    return next((files.export(node.artifacts[0].path) for node in trained), "")


def _key(
    experiment: Experiment, science: contract.ReportScience, present: Sequence[Node], failed: Collection[str]
) -> str:
    """Return the recipe of a report: no other resource has the same one, and neither has a run that lost more."""
    around = experiment.around
    upstream = {node.name: node.key for node in present} | {"resource": around.uid, "name": around.name}
    tracked = experiment.spec.tracking.experiment
    recipe = {**contract.science_of(science), "tracking": tracked, "failed": sorted(failed)}
    return experiment.key("report", recipe, upstream)


def _artifacts(nodes: Sequence[Node]) -> Iterator[contract.StageArtifact]:
    """Yield what the report may read: all but the expected outputs, which only grade sees."""
    for node in nodes:
        for artifact in node.artifacts:
            if not artifact.withheld:
                yield contract.StageArtifact(
                    stage=node.name, kind=node.kind, path=artifact.path, shards=artifact.shards
                )


def _execution(experiment: Experiment) -> contract.ReportExecution:
    """Return where the report is made and recorded."""
    return contract.ReportExecution(
        metrics_port=experiment.platform.metrics_port,
        image=experiment.platform.worker_image,
        tracking=tracking(experiment),
        failed=experiment.around.failed,
    )


def _benchmark(
    spec: ResolvedSpec, parts: Parts, name: str, pairs: Sequence[Pair], failed: Collection[str]
) -> contract.BenchmarkReport:
    """Return everything that was measured on one benchmark, without what was lost."""
    there = [pair for pair in pairs if pair.grade.name not in failed]
    benchmark = next(each for each in spec.evaluation.benchmarks if each.name == name)
    return contract.BenchmarkReport(
        name=name,
        window=sources.benchmark_window(benchmark.source),
        problems=parts.benchmarks[name].path,
        k=benchmark.k,
        samples_per_problem=benchmark.samples_per_problem,
        grading=benchmark.grading,
        evaluations=tuple(evaluation for pair in there for evaluation in pair.evaluations),
    )


def _promotion(spec: ResolvedSpec, name: str) -> contract.Promotion | None:
    """Return where the model goes, or None when nothing is registered."""
    wanted = spec.promotion
    if wanted is None:
        return None
    return contract.Promotion(
        registered_model=wanted.registered_model,
        alias=wanted.alias,
        challenger_alias=wanted.challenger_alias,
        upload_weights=wanted.upload_weights,
        claim=naming.claim_of(name, spec.storage.claim_name),
        gate=_gate(wanted.gate),
    )


def _gate(gate: Gate) -> contract.Gate:
    """Return what the candidate must do to be promoted."""
    return contract.Gate(
        benchmark=gate.benchmark,
        metric=gate.metric,
        baseline=gate.baseline,
        confidence=gate.confidence,
        min_gain=gate.min_gain,
        max_difficulty_drop=gate.max_difficulty_drop,
        pass_at_5=gate.pass_at5,
        max_truncated_share=gate.max_truncated_share,
        guards=tuple(
            contract.Guard(benchmark=guard.benchmark, metric=guard.metric, max_drop=guard.max_drop)
            for guard in gate.guards
        ),
    )
