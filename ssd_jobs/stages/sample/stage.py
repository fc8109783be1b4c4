"""Sample: one process's share of the completions of the frozen base model on the training prompts."""

from ssd_jobs.artifacts import joint_digest, named
from ssd_jobs.context import Context
from ssd_jobs.contract import SampleConfig, StageDone, science_of
from ssd_jobs.sampling.shard import Plan, Target, sample_shards

__all__ = ["run"]


def run(config: SampleConfig, context: Context) -> StageDone:
    """Sample this process's share of the artifact, or find it done."""
    science, processes = science_of(config.science), config.execution.shards
    outputs = context.shard_outputs(config, path=config.output, key=config.key, processes=processes)
    targets = tuple(Target(config.science.decode, output, science) for output in outputs)
    shards = sample_shards(Plan(config, config.science.samples_per_prompt, targets), context)
    samples, tokens = (
        sum(int(shard.manifest.counts[name]) for shard in shards) for name in ("samples", "completion_tokens")
    )
    message = f"{named(outputs)}: {samples} samples, {tokens} tokens"
    return StageDone(stage=config.stage, digest=joint_digest(shards), message=message)
