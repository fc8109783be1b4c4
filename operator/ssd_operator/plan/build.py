"""From a resolved spec to the graph of stages: pure, the same for both runners."""

from ssd_jobs.contract import files
from ssd_operator.plan import training
from ssd_operator.plan.evaluation import Arm, Model, Pair, pair
from ssd_operator.plan.graph import Experiment, Graph, Node, Platform, Surroundings
from ssd_operator.plan.parts import Identity, Parts, prepare
from ssd_operator.plan.reporting import report
from ssd_operator.spec.resolved import ResolvedSpec

__all__ = ["build"]


def build(spec: ResolvedSpec, around: Surroundings, platform: Platform) -> Graph:
    """Return every stage with its complete config and its key."""
    experiment = Experiment(spec, around, platform)
    parts = prepare(experiment)
    nodes: list[Node] = [parts.node]
    models: dict[Arm, Model] = {"Base": Model(parts.model, made_by="prepare")}
    if "Candidate" in spec.evaluation.arms:
        stages, candidate = _candidate(experiment, parts)
        nodes.extend(stages)
        models["Candidate"] = candidate
    pairs = {
        benchmark.name: [pair(experiment, parts, benchmark, arm, models[arm]) for arm in spec.evaluation.arms]
        for benchmark in spec.evaluation.benchmarks
    }
    nodes.extend(node for node in _evaluation(pairs))
    nodes.append(report(experiment, parts, nodes, pairs))
    return Graph(tuple(nodes))


def _candidate(experiment: Experiment, parts: Parts) -> tuple[list[Node], Model]:
    """Return the stages that make the candidate, and the candidate."""
    sampled = training.sample(experiment, parts)
    curated = training.curate(experiment, parts, sampled)
    trained = training.train(experiment, parts, curated)
    stages = [sampled, curated, trained]
    if experiment.spec.analysis is not None:
        stages.append(training.analyze(experiment, parts, sampled, trained))
    exported = Identity(files.export(trained.artifacts[0].path), trained.key, known=not trained.provisional)
    return stages, Model(exported, made_by=trained.name)


def _evaluation(pairs: dict[str, list[Pair]]) -> list[Node]:
    """Return generate and grade of every arm and benchmark, in the order of the spec."""
    return [node for found in pairs.values() for each in found for node in (each.generate, each.grade)]
