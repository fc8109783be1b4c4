"""Sample: one shard of the completions of the frozen base model on the training prompts."""

from ssd_jobs.context import Context
from ssd_jobs.contract import SampleConfig, StageDone, science_of
from ssd_jobs.sampling.shard import Plan, Target, sample_shards

__all__ = ["run"]


def run(config: SampleConfig, context: Context) -> StageDone:
    """Sample the shard that this process is, or find it done."""
    target = Target(
        decode=config.science.decode,
        output=context.shard_output(config, path=config.output, key=config.key),
        science=science_of(config.science),
    )
    (shard,) = sample_shards(Plan(config, config.science.samples_per_prompt, (target,)), context)
    counts = shard.manifest.counts
    message = f"shard {context.index}: {counts['samples']} samples, {counts['completion_tokens']} tokens"
    return StageDone(stage=config.stage, digest=shard.digest, message=message)
