"""Train: plain SFT on completion tokens; this process is the launcher of its gang.

One process alone trains right here. Otherwise torchrun's engine starts one worker per GPU, and this process forwards
signals, keeps exit codes, and watches its peers. Node 0 owns the artifact; the other nodes only lend their ranks.
"""

from functools import partial
from typing import Any

from ssd_jobs import artifacts
from ssd_jobs.artifacts import Draft, Provenance
from ssd_jobs.context import Context
from ssd_jobs.contract import StageDone, TrainConfig, files, science_of

__all__ = ["run"]


def run(config: TrainConfig, context: Context) -> StageDone:
    """Train, or find it done."""
    output = context.output(config, path=config.output, key=config.key, unfinished=(files.CHECKPOINTS,))
    if context.index > 0 and output.find() is None:
        _gang(config, context)
        message = f"node {context.index} of {config.execution.nodes} did its part"
        return StageDone(stage=config.stage, digest="", message=message)
    done = artifacts.make(output, partial(_train, config, context))
    return StageDone(stage=config.stage, digest=done.digest, message=f"{config.science.steps} steps")


def _train(config: TrainConfig, context: Context, draft: Draft) -> Provenance:
    """Train on all nodes; ranks write to the draft's directory by themselves."""
    solitary = config.execution.nodes == 1 and config.execution.gpus_per_node <= 1
    outcome = _alone(config, context, draft) if solitary else _gang(config, context)
    inputs = {"model": config.model, "records": config.records}
    return Provenance(
        science=science_of(config.science),
        inputs={name: artifacts.open_artifact(context.path(path)).digest for name, path in inputs.items()},
        counts=outcome["counts"],
        facts=outcome["facts"],
        image=config.execution.image,
    )


def _alone(config: TrainConfig, context: Context, draft: Draft) -> dict[str, Any]:
    """Train in this process."""
    from dataclasses import asdict

    from ssd_jobs.stages.train import job, ranks

    context.progress.attach(draft.path)
    with ranks.alone(gpus=config.execution.gpus_per_node) as place:
        return asdict(job.Training(config, place).run(context.progress, context.stop))


def _gang(config: TrainConfig, context: Context) -> dict[str, Any]:
    """Train in workers of this node, together with other nodes'."""
    from ssd_jobs.stages.train.launcher import gang

    return gang.launch(config, context)
