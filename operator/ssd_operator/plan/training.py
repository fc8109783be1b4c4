"""The stages from prompts to a candidate: sample, curate, train, analyze."""

import json

from ssd_jobs import contract
from ssd_jobs.contract import files
from ssd_operator import naming
from ssd_operator.plan import science as recipes
from ssd_operator.plan.graph import Artifact, Experiment, Node
from ssd_operator.plan.parts import Parts
from ssd_operator.spec import scalars

__all__ = ["HANG_TIMEOUT_S", "analyze", "curate", "sample", "sandboxed", "tracking", "train"]

HANG_TIMEOUT_S = 1800.0
"""The longest an engine may be silent: loading a large model from a slow volume is the worst case."""
RENDEZVOUS_TIMEOUT_S = 600.0
GRACE_PERIOD_S = 300.0


def sample(experiment: Experiment, parts: Parts) -> Node:
    """Sample once per prompt from the frozen base."""
    science = recipes.sample(experiment.spec)
    upstream = {"model": parts.model.value, "prompts": parts.prompts.value}
    key = experiment.key("sample", contract.science_of(science), upstream)
    config = contract.SampleConfig(
        **experiment.common("sample", key),
        stage="sample",
        science=science,
        model=parts.model.path,
        prompts=parts.prompts.path,
        output=contract.ARTIFACTS["sample"].path(key),
        execution=_sample_execution(experiment),
    )
    return Node(
        config=config,
        provisional=not (parts.model.known and parts.prompts.known),
        upstream=("prepare",),
        artifacts=(Artifact(config.output, key, science.shards),),
    )


def curate(experiment: Experiment, parts: Parts, sampled: Node) -> Node:
    """Filter, count, and order the records of every step."""
    science = recipes.curate(experiment.spec)
    upstream = {"sample": sampled.key, "prompts": parts.prompts.value}
    key = experiment.key("curate", contract.science_of(science), upstream)
    config = contract.CurateConfig(
        **experiment.common("curate", key),
        stage="curate",
        science=science,
        samples=sampled.artifacts[0].path,
        sample_shards=sampled.tasks,
        prompts=parts.prompts.path,
        model=parts.model.path,
        output=contract.ARTIFACTS["curate"].path(key),
        execution=sandboxed(experiment, runs_programs=science.limits is not None),
    )
    return Node(
        config=config,
        provisional=sampled.provisional,
        upstream=("sample",),
        artifacts=(Artifact(config.output, key),),
    )


def sandboxed(experiment: Experiment, *, runs_programs: bool) -> contract.SandboxExecution:
    """Return where a stage of the grader's image runs, which serves no metrics."""
    platform = experiment.platform
    return contract.SandboxExecution(
        metrics_port=0,
        image=platform.grader_image,
        sandbox_socket=platform.sandbox_socket if runs_programs else "",
        allow_weak_isolation=experiment.spec.evaluation.allow_weak_isolation,
        workers=0,
    )


def train(experiment: Experiment, parts: Parts, curated: Node) -> Node:
    """Plain SFT on the records."""
    spec = experiment.spec
    science = recipes.train(spec)
    upstream = {"model": parts.model.value, "curate": curated.key}
    key = experiment.key("train", contract.science_of(science), upstream)
    config = contract.TrainConfig(
        **experiment.common("train", key),
        stage="train",
        science=science,
        model=parts.model.path,
        records=curated.artifacts[0].path,
        output=contract.ARTIFACTS["train"].path(key),
        execution=_train_execution(experiment, key),
    )
    return Node(
        config=config,
        provisional=curated.provisional,
        upstream=("curate",),
        artifacts=(Artifact(config.output, key),),
    )


def analyze(experiment: Experiment, parts: Parts, sampled: Node, trained: Node) -> Node:
    """Lock and fork statistics of both arms."""
    spec, platform = experiment.spec, experiment.platform
    assert spec.analysis is not None
    science = recipes.analyze(spec)
    upstream = {"model": parts.model.value, "sample": sampled.key, "train": trained.key}
    key = experiment.key("analyze", contract.science_of(science), upstream)
    config = contract.AnalyzeConfig(
        **experiment.common("analyze", key),
        stage="analyze",
        science=science,
        base=parts.model.path,
        candidate=files.export(trained.artifacts[0].path),
        samples=sampled.artifacts[0].path,
        sample_shards=sampled.tasks,
        output=contract.ARTIFACTS["analyze"].path(key),
        execution=contract.AnalyzeExecution(
            metrics_port=platform.metrics_port, image=platform.worker_image, gpus=spec.analysis.gpus
        ),
    )
    return Node(
        config=config,
        provisional=trained.provisional,
        upstream=("sample", "train"),
        artifacts=(Artifact(config.output, key),),
    )


def tracking(experiment: Experiment) -> contract.Tracking:
    """Return where this experiment is recorded; its run is found again by a tag, whatever was retried.

    Whatever is done again has a run of its own: the earlier numbers of another would stand in its place.
    """
    spec, around = experiment.spec, experiment.around
    reruns = spec.rerun.added_to(around.reruns)
    return contract.Tracking(
        uri=spec.tracking.uri or experiment.platform.tracking_uri,
        experiment=spec.tracking.experiment,
        run_key=naming.short(
            around.uid or experiment.platform.origin, around.name, json.dumps(reruns, sort_keys=True) if reruns else ""
        ),
        run_name=around.name,
    )


def _sample_execution(experiment: Experiment) -> contract.ShardedExecution:
    """Return where samples are drawn, and how many problems may be lost on the way."""
    spec, platform = experiment.spec, experiment.platform
    return contract.ShardedExecution(
        metrics_port=platform.metrics_port,
        image=platform.worker_image,
        gpus=spec.sampling.gpus_per_shard,
        max_error_fraction=spec.sampling.max_error_fraction,
        hang_timeout_s=HANG_TIMEOUT_S,
    )


def _train_execution(experiment: Experiment, key: str) -> contract.TrainExecution:
    """Return where and how the gang runs the first time; who starts it again says which attempt that is."""
    spec, platform = experiment.spec, experiment.platform
    training = spec.training
    address = "127.0.0.1"
    if platform.claim_uid:
        address = naming.rank_zero_host("train", claim_uid=platform.claim_uid, key=key, attempt=1)
    return contract.TrainExecution(
        metrics_port=platform.metrics_port,
        image=platform.worker_image,
        nodes=training.nodes,
        gpus_per_node=training.gpus_per_node,
        attempt=1,
        master_address=address,
        master_port=platform.master_port,
        rendezvous_timeout_s=RENDEZVOUS_TIMEOUT_S,
        grace_period_s=GRACE_PERIOD_S,
        checkpoint_every_steps=training.checkpoint.every_steps,
        checkpoint_every_s=float(scalars.seconds(training.checkpoint.every)),
        checkpoint_keep=training.checkpoint.keep,
        tracking=tracking(experiment) if spec.tracking.live else None,
    )
