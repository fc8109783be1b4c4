"""The stage `report`: every number, the decision, and the entry in MLflow."""

from collections.abc import Collection, Iterator

from ssd_jobs import contract
from ssd_operator import naming
from ssd_operator.plan import execution, sources
from ssd_operator.plan.grade import evaluations, generated_by
from ssd_operator.plan.graph import Artifact, Experiment, Graph, Node
from ssd_operator.plan.parts import Parts, part_name
from ssd_operator.plan.train import exported
from ssd_operator.spec.evaluation import Benchmark
from ssd_operator.spec.marks import Science
from ssd_operator.spec.parts import only
from ssd_operator.spec.promotion import Gate
from ssd_operator.spec.resolved import ResolvedSpec

__all__ = ["nodes"]

BOOTSTRAP_REPLICATES = 10_000


def nodes(experiment: Experiment, parts: Parts, before: Graph) -> Iterator[Node]:
    """Yield the stage that measures, compares, decides and records.

    It runs also when stages failed, without what they would have made.
    """
    spec, around = experiment.spec, experiment.around
    failed = {stage.name for stage in around.failed}
    present = Graph(tuple(node for node in before if node.name not in failed))
    science = contract.ReportScience(
        bootstrap_replicates=BOOTSTRAP_REPLICATES,
        seed=spec.evaluation.seed,
        promotion=_promotion(spec, around.name),
        chosen_among=spec.promotion.chosen_among if spec.promotion is not None else None,
        round=_round(spec),
    )
    key = _key(experiment, science, present, failed)
    config = contract.ReportConfig(
        **experiment.common("report", key),
        stage="report",
        experiment=around.name,
        spec=spec.document(),
        parameters=only(Science, spec.document()),
        science=science,
        model=parts.model.path,
        candidate=next((exported(node, spec).path for node in present.of(contract.TrainConfig)), ""),
        benchmarks=tuple(_benchmark(parts, each, before, present) for each in spec.evaluation.benchmarks),
        artifacts=tuple(_artifacts(present)),
        output=contract.ARTIFACTS["report"].path(key),
        execution=_execution(experiment),
    )
    yield Node(
        config=config,
        provisional=any(node.provisional for node in before),
        upstream=tuple(node.name for node in before),
        artifacts=(Artifact(config.output, key),),
    )


def _key(experiment: Experiment, science: contract.ReportScience, present: Graph, failed: Collection[str]) -> str:
    """Return the recipe of a report: no other resource has the same one, and neither has a run that lost more."""
    around = experiment.around
    upstream = {node.name: node.key for node in present} | {"resource": around.uid, "name": around.name}
    tracked = experiment.spec.tracking.experiment
    reported = {benchmark.name: sorted(benchmark.k) for benchmark in experiment.spec.evaluation.benchmarks}
    recipe = {**contract.science_of(science), "k": reported, "tracking": tracked, "failed": sorted(failed)}
    return experiment.key("report", recipe, upstream)


def _artifacts(present: Graph) -> Iterator[contract.StageArtifact]:
    """Yield what the report may read: all but what only stages with a sandbox may see.

    What is made at a chosen setting is among the evaluations, each of which is there if its setting was chosen.
    """
    for node in present:
        for artifact in node.artifacts:
            if not (artifact.withheld or node.selection):
                yield contract.StageArtifact(
                    stage=node.name, kind=node.kind, path=artifact.path, sharded=artifact.shards > 0
                )


def _execution(experiment: Experiment) -> contract.ReportExecution:
    """Return where the report is made and recorded."""
    return contract.ReportExecution(
        **execution.place(experiment, "report"),
        tracking=execution.tracking(experiment),
        failed=experiment.around.failed,
    )


def _benchmark(parts: Parts, benchmark: Benchmark, before: Graph, present: Graph) -> contract.BenchmarkReport:
    """Return everything that was measured on one benchmark, without what was lost."""
    return contract.BenchmarkReport(
        name=benchmark.name,
        window=sources.benchmark_window(benchmark.source),
        problems=parts.benchmarks[part_name(benchmark, "Report")].path,
        k=benchmark.k,
        samples_per_problem=benchmark.samples_per_problem,
        grading=benchmark.grading,
        evaluations=tuple(_evaluations(benchmark, "Report", before, present)),
        select=_select(benchmark, before, present) if benchmark.sweep else None,
    )


def _evaluations(
    benchmark: Benchmark, purpose: contract.Purpose, before: Graph, present: Graph
) -> Iterator[contract.Evaluation]:
    """Yield what was graded of the problems of a benchmark that are there for this purpose."""
    for graded in present.of(contract.GradeConfig):
        assert isinstance(graded.config, contract.GradeConfig)
        if (graded.config.benchmark, graded.config.purpose) == (benchmark.name, purpose):
            yield from evaluations(generated_by(before, graded), graded)


def _select(benchmark: Benchmark, before: Graph, present: Graph) -> contract.SelectReport:
    """Return how the settings of both arms were chosen."""
    configs = [node.config for node in present.of(contract.SelectConfig)]
    return contract.SelectReport(
        benchmark=benchmark.select_from or benchmark.name,
        selections={
            each.arm: each.output
            for each in configs
            if isinstance(each, contract.SelectConfig) and each.benchmark == benchmark.name
        },
        evaluations=tuple(_evaluations(benchmark, "Select", before, present)),
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


def _round(spec: ResolvedSpec) -> contract.RoundOf | None:
    """Return where the run stands in a chain of rounds, None where it is in none."""
    found = spec.round
    if found is None:
        return None
    return contract.RoundOf(number=found.number, root_digest=found.root_digest, root_report=found.root_report)


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
        max_pass_at_5_drop=gate.max_pass_at5_drop,
        max_truncated_share=gate.max_truncated_share,
        guards=tuple(
            contract.Guard(benchmark=guard.benchmark, metric=guard.metric, max_drop=guard.max_drop)
            for guard in gate.guards
        ),
        champion=gate.champion,
    )
