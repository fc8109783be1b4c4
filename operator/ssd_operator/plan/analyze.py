"""The stage `analyze`: lock and fork statistics of both models on what both have generated for the first benchmark."""

from collections.abc import Iterator
from dataclasses import dataclass

from ssd_jobs import contract
from ssd_operator.plan import execution
from ssd_operator.plan.grade import evaluations, generated_by
from ssd_operator.plan.graph import Artifact, Experiment, Graph, Node
from ssd_operator.plan.parts import Parts
from ssd_operator.plan.train import exported
from ssd_operator.spec.analysis import Analysis
from ssd_operator.spec.resolved import ResolvedSpec

__all__ = ["nodes"]

LIBRARY_TEMPERATURES = (0.4, 0.6, 0.8, 1.0, 1.2, 1.5, 2.0)
"""Where the paper's figure 6 looks."""
POSITIONS = 1024
REPLICATES = 1000


def nodes(experiment: Experiment, parts: Parts, before: Graph) -> Iterator[Node]:
    """Yield the stage, if it is turned on and there are two models."""
    analysis = experiment.spec.analysis
    if analysis is None:
        return
    for trained in before.of(contract.TrainConfig):
        yield _node(experiment, parts, analysis, trained, before)


def _node(experiment: Experiment, parts: Parts, analysis: Analysis, trained: Node, before: Graph) -> Node:
    """Return the stage that compares the base with what training made of it."""
    arms = [_of_arm(arm, experiment.spec, before) for arm in ("Base", "Candidate")]
    science = _science(experiment.spec, analysis)
    candidate = exported(trained, experiment.spec)
    upstream = {"model": parts.model.value, "train": candidate.value, **{each.arm: each.key for each in arms}}
    key = experiment.key("analyze", contract.science_of(science), upstream)
    config = contract.AnalyzeConfig(
        **experiment.common("analyze", key),
        stage="analyze",
        science=science,
        base=parts.model.path,
        candidate=candidate.path,
        evaluations=(arms[0].evaluation, arms[1].evaluation),
        output=contract.ARTIFACTS["analyze"].path(key),
        execution=contract.AnalyzeExecution(**execution.place(experiment, "analyze"), gpus=analysis.gpus),
    )
    return Node(
        config=config,
        provisional=trained.provisional or any(each.graded.provisional for each in arms),
        upstream=(trained.name, *(each.graded.name for each in arms)),
        artifacts=(Artifact(config.output, key),),
    )


@dataclass(frozen=True)
class _Arm:
    """What one arm answered at its fixed setting, with the verdicts of the mode that decides."""

    arm: str
    graded: Node
    evaluation: contract.Evaluation
    key: str
    """Of the verdicts, and so of the answers."""


def _of_arm(arm: str, spec: ResolvedSpec, before: Graph) -> _Arm:
    """Return what an arm answered on the first benchmark."""
    first = spec.evaluation.benchmarks[0].name
    for graded in before.of(contract.GradeConfig):
        config = graded.config
        if not isinstance(config, contract.GradeConfig) or (config.arm, config.benchmark) != (arm, first):
            continue
        found = evaluations(generated_by(before, graded), graded)
        for task, evaluation in zip(config.tasks, found, strict=True):
            if evaluation.fixed:
                return _Arm(arm, graded, evaluation, task.key)
    raise AssertionError(f"no stage grades {arm} on {first} at its fixed setting")


def _science(spec: ResolvedSpec, analysis: Analysis) -> contract.AnalyzeScience:
    """Return what the statistics look at."""
    return contract.AnalyzeScience(
        problems=analysis.problems,
        positions=POSITIONS,
        temperatures=LIBRARY_TEMPERATURES,
        truncation=_truncation(spec),
        sampling=execution.decode(spec.sampling),
        replicates=REPLICATES,
        seed=analysis.seed,
        trust_remote_code=spec.model.trust_remote_code,
    )


def _truncation(spec: ResolvedSpec) -> contract.Truncation | None:
    """Return the candidate's at evaluation, as in the paper's figure 6, else that of the training samples."""
    for decode in (spec.evaluation.benchmarks[0].decode.candidate, spec.sampling):
        if decode.top_k or decode.top_p < 1:
            return contract.Truncation(top_k=decode.top_k, top_p=decode.top_p)
    return None
