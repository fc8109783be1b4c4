"""Generate: one shard of n samples per benchmark problem, for every decode setting with one engine start."""

from ssd_jobs.artifacts import joint_digest
from ssd_jobs.context import Context
from ssd_jobs.contract import GenerateConfig, StageDone, science_of
from ssd_jobs.sampling.shard import Plan, Target, sample_shards

__all__ = ["run"]


def run(config: GenerateConfig, context: Context) -> StageDone:
    """Generate what this shard lacks; each setting is an artifact of its own, so one more costs one more."""
    science = science_of(config.science)
    targets = tuple(
        Target(
            decode=setting.decode,
            output=context.shard_output(config, path=setting.output, key=setting.key),
            science={**science, "decode": science_of(setting.decode)},
        )
        for setting in config.settings
    )
    shards = sample_shards(Plan(config, config.science.samples_per_problem, targets), context)
    digest = joint_digest(shards)
    samples = sum(int(shard.manifest.counts["samples"]) for shard in shards)
    message = f"shard {context.index}: {samples} samples at {len(shards)} decode settings"
    return StageDone(stage=config.stage, digest=digest, message=message)
