"""Train: plain SFT on completion tokens; this process is the launcher of its gang.

One process alone trains right here. Otherwise torchrun's engine starts one worker per GPU, and this process forwards
signals, keeps exit codes, and watches its peers. Node 0 owns the artifact; the other nodes only lend their ranks.
"""

from typing import Any

from ssd_jobs import artifacts
from ssd_jobs.context import Context
from ssd_jobs.contract import StageDone, TrainConfig, files, science_of

__all__ = ["run"]

UNFINISHED = (files.CHECKPOINTS,)
"""Checkpoints rotate and are no part of the artifact."""


def run(config: TrainConfig, context: Context) -> StageDone:
    """Train, or find it done."""
    output = context.path(config.output)
    done = artifacts.complete(output, key=config.key)
    if done is not None:
        return _done(done.digest, f"{config.science.steps} steps, found complete")
    if context.index > 0:
        _gang(config, context)
        return _done("", f"node {context.index} of {config.execution.nodes} did its part")
    with artifacts.claim(output, stage=config.stage, name=config.name, key=config.key) as draft:
        solitary = config.execution.nodes == 1 and config.execution.gpus_per_node <= 1
        outcome = _alone(config, context) if solitary else _gang(config, context)
        manifest = draft.finish(
            science=science_of(config.science),
            inputs={name: artifacts.open_artifact(context.path(path)).digest for name, path in _inputs(config).items()},
            counts=outcome["counts"],
            facts=outcome["facts"],
            image=config.execution.image,
            ignore=UNFINISHED,
        )
    return _done(manifest.digest, f"{config.science.steps} steps")


def _alone(config: TrainConfig, context: Context) -> dict[str, Any]:
    """Train in this process."""
    from dataclasses import asdict

    from ssd_jobs.stages.train import job, ranks

    context.progress.attach(context.path(config.output))
    with ranks.alone(gpus=config.execution.gpus_per_node) as place:
        return asdict(job.Training(config, place).run(context.progress, context.stop))


def _gang(config: TrainConfig, context: Context) -> dict[str, Any]:
    """Train in workers of this node, together with other nodes'."""
    from ssd_jobs.stages.train.launcher import gang

    return gang.launch(config, context)


def _inputs(config: TrainConfig) -> dict[str, str]:
    """Return what is read, by name."""
    return {"model": config.model, "records": config.records}


def _done(digest: str, message: str) -> StageDone:
    """Say how it ended."""
    return StageDone(stage="train", digest=digest, message=message)
