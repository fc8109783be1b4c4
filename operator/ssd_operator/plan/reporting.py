"""The last stage: report."""

from collections.abc import Mapping, Sequence

from ssd_jobs import contract
from ssd_operator import naming
from ssd_operator.plan import keys, sources
from ssd_operator.plan.evaluation import Pair
from ssd_operator.plan.graph import Artifact, Experiment, Node
from ssd_operator.plan.parts import Parts
from ssd_operator.plan.training import tracking
from ssd_operator.spec.experiment import ResolvedSpec

__all__ = ["report"]

BOOTSTRAP_REPLICATES = 10_000


def report(experiment: Experiment, parts: Parts, nodes: Sequence[Node], pairs: Mapping[str, Sequence[Pair]]) -> Node:
    """Measure, compare, decide and record; written also when stages failed, without what they would have made."""
    spec, around, platform = experiment.spec, experiment.around, experiment.platform
    failed = {stage.name for stage in around.failed}
    present = [node for node in nodes if node.name not in failed]
    science = contract.ReportScience(
        bootstrap_replicates=BOOTSTRAP_REPLICATES, seed=spec.training.seed, promotion=_promotion(spec)
    )
    upstream = {node.name: node.key for node in present} | {"resource": around.uid, "name": around.name}
    recipe = {**contract.science_of(science), "tracking": spec.tracking.experiment, "failed": sorted(failed)}
    key = keys.key("report", science=recipe, upstream=upstream, nonce=experiment.nonce("report"))
    trained = next((node for node in present if node.kind == "train"), None)
    config = contract.ReportConfig(
        version=1,
        stage="report",
        name="report",
        key=key,
        workspace=platform.workspace,
        experiment=around.name,
        spec=spec.document(),
        science=science,
        model=parts.model.path,
        candidate=f"{trained.artifacts[0].path}/model" if trained else "",
        benchmarks=tuple(
            _benchmark(spec, parts, name, [each for each in found if each.grade.name not in failed])
            for name, found in pairs.items()
        ),
        artifacts=tuple(
            contract.StageArtifact(stage=node.name, kind=node.kind, path=artifact.path, shards=artifact.shards)
            for node in present
            for artifact in node.artifacts
            if not artifact.path.startswith("tests/")  # only grade sees an expected output
        ),
        output=naming.artifact_path("reports", key),
        execution=contract.ReportExecution(
            metrics_port=platform.metrics_port,
            image=platform.worker_image,
            tracking=tracking(experiment),
            failed=around.failed,
        ),
    )
    return Node(
        name="report",
        kind="report",
        key=key,
        provisional=any(node.provisional for node in nodes),
        upstream=tuple(node.name for node in nodes),
        config=config,
        artifacts=(Artifact(config.output, key),),
        tasks=1,
        gpus=0,
    )


def _benchmark(spec: ResolvedSpec, parts: Parts, name: str, pairs: Sequence[Pair]) -> contract.BenchmarkReport:
    """Return everything that was measured on one benchmark."""
    benchmark = next(each for each in spec.evaluation.benchmarks if each.name == name)
    return contract.BenchmarkReport(
        name=name,
        window=sources.benchmark_window(benchmark.source),
        problems=parts.benchmarks[name].path,
        k=benchmark.k,
        samples_per_problem=benchmark.samples_per_problem,
        grading=benchmark.grading,
        evaluations=tuple(evaluation for pair in pairs for evaluation in pair.evaluations),
    )


def _promotion(spec: ResolvedSpec) -> contract.Promotion | None:
    """Return where the model goes, or None when nothing is registered."""
    wanted = spec.promotion
    if wanted is None:
        return None
    gate = wanted.gate
    return contract.Promotion(
        registered_model=wanted.registered_model,
        alias=wanted.alias,
        challenger_alias=wanted.challenger_alias,
        upload_weights=wanted.upload_weights,
        claim=spec.storage.claim_name or "",
        gate=contract.Gate(
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
        ),
    )
