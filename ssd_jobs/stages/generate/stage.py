"""Generate: one process's share of n samples per benchmark problem, for every decode setting with one engine start.

Where select has chosen a setting, at that one only.
"""

from ssd_jobs.artifacts import joint_digest, named, selections
from ssd_jobs.context import Context
from ssd_jobs.contract import GenerateConfig, StageDone, science_of
from ssd_jobs.sampling.shard import Plan, Target, sample_shards

__all__ = ["run"]


def run(config: GenerateConfig, context: Context) -> StageDone:
    """Generate what this process's shards lack; each setting is an artifact of its own, so one more costs one more."""
    science, processes = science_of(config.science), config.execution.shards
    selection = context.path(config.selection) if config.selection else None
    wanted = selections.wanted((each.name for each in config.settings), selection)
    targets = tuple(
        Target(setting.decode, output, {**science, "decode": science_of(setting.decode)})
        for setting in config.settings
        if setting.name in wanted
        for output in context.shard_outputs(config, path=setting.output, key=setting.key, processes=processes)
    )
    shards = sample_shards(Plan(config, config.science.samples_per_problem, targets), context)
    digest = joint_digest(shards)
    samples = sum(int(shard.manifest.counts["samples"]) for shard in shards)
    outputs = [target.output for target in targets]
    message = f"{named(outputs)}: {samples} samples at {len(wanted)} decode settings"
    return StageDone(stage=config.stage, digest=digest, message=message)
