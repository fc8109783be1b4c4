"""Curate: merge the shards, filter and count, and write the batches of every optimizer step."""

import json
import logging
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from functools import partial

from ssd_jobs import artifacts
from ssd_jobs.artifacts import Artifact, Draft, Provenance, tables
from ssd_jobs.artifacts.appending import table_writer
from ssd_jobs.context import Context
from ssd_jobs.contract import CurateConfig, StageDone, files, science_of
from ssd_jobs.errors import BadInput
from ssd_jobs.models.model_files import model_files
from ssd_jobs.models.stops import stop_token_ids
from ssd_jobs.programs.filtering import SampleDecision, is_mostly_unexercised
from ssd_jobs.sandbox.opening import connect_sandbox, limits_of
from ssd_jobs.stages.curate import decisions, execution
from ssd_jobs.stages.curate.batches import batches
from ssd_jobs.stages.curate.decisions import Row, RunPrograms
from ssd_jobs.stages.curate.records import Records

__all__ = ["run"]

LOGGER = logging.getLogger(__name__)


def run(config: CurateConfig, context: Context) -> StageDone:
    """Write records and batches, or find them written."""
    output = context.output(config, path=config.output, key=config.key)
    done = artifacts.make(output, partial(_curate, config, context), progress=context.progress)
    counts, warning = done.manifest.counts, done.manifest.facts.get("warning")
    message = f"{counts['records']} records of {counts['samples']} samples, {counts['epochs']:.3g} epochs"
    if warning:
        LOGGER.warning("%s", warning)
        message += f"; {warning}"
    return StageDone(stage=config.stage, digest=done.digest, message=message)


def _curate(config: CurateConfig, context: Context, draft: Draft) -> Provenance:
    """Filter, write, plan, count."""
    draft.clear()
    shards = artifacts.open_shards(context.path(config.samples))
    records = _records(config, context, draft, shards)
    science = config.science
    if not records.counts["records"]:
        raise BadInput(
            f"curation: none of {records.counts['samples']} samples is left ({records.removals()}); what removes them "
            f"is set by filter, truncated and overlong, and by sampling.maxSequenceTokens"
        )
    plan = batches(records.ordered(), steps=science.steps, size=science.global_batch_size, seed=science.seed)
    rows = [{"step": step, "record_ids": ids} for step, ids in enumerate(plan, start=1)]
    draft.write_table(files.BATCHES, tables.BATCHES, tables.table(tables.BATCHES, rows))
    lines = [
        json.dumps({"problem_id": problem, "samples": samples, "records": records.left[problem]})
        for problem, samples in sorted(records.sampled.items())
    ]
    draft.write_text(files.YIELDS, "".join(f"{line}\n" for line in lines))
    epochs = science.steps * science.global_batch_size / records.counts["records"]
    return Provenance(
        science=science_of(science),
        inputs=_inputs(config, context, shards),
        counts={**records.counts, **records.yields(), "epochs": epochs},
        facts={"filter": science.filter, "warning": _warning(records.counts)},
        image=config.execution.image,
    )


def _warning(counts: Mapping[str, int]) -> str:
    """Return what a person should know of a filter that had little to go by; empty where nothing is to be said."""
    if not is_mostly_unexercised(counts):
        return ""
    idle, kept = counts["unexercised"], counts["exercised"] + counts["unexercised"]
    return f"{idle} of {kept} programs that ran had no input: the filter says little"


def _records(config: CurateConfig, context: Context, draft: Draft, shards: Sequence[Artifact]) -> Records:
    """Write records and removed samples."""
    science = config.science
    with (
        table_writer(draft.path / files.RECORDS, tables.RECORDS) as kept,
        table_writer(draft.path / files.LENGTHS, tables.LENGTHS) as lengths,
        table_writer(draft.path / files.REMOVED, tables.REMOVED) as removed,
        _runner(config, context) as run_programs,
    ):
        model = model_files(context.path(config.model))
        model.verify(model.settings)
        stops = frozenset(stop_token_ids(model.directory))
        records = Records(kept, lengths, removed, science.sequence_length, science.overlong, stops)
        begin = _record_prompts(artifacts.open_artifact(context.path(config.prompts)))
        shortest = decisions.shortest_length(shards, science)
        for number, shard in enumerate(shards, start=1):
            for row, decision in decisions.decided(shard, science, run_programs, shortest=shortest):
                records.add(_begun(row, begin), decision, shard.path)
            context.progress.update(done=number, total=len(shards), unit="shards")
            context.check_stop()
    return records


def _record_prompts(prompts: Artifact) -> dict[str, list[int]]:
    """Return the prompts that records begin with, by problem; empty where they are those that were sampled from."""
    if files.RECORD_PROMPTS not in prompts.manifest.files:
        return {}
    table = prompts.table(files.RECORD_PROMPTS, tables.PROMPTS, columns=["problem_id", "token_ids"])
    return {row["problem_id"]: row["token_ids"] for row in tables.rows(table)}


def _begun(row: Row, begin: Mapping[str, list[int]]) -> Row:
    """Return a sample behind the prompt that its record begins with, of which the sampler recorded no likelihood."""
    if not begin:
        return row
    unknown = [float("nan")] * len(row["logprobs"])
    prompt = begin[row["problem_id"]]
    return {**row, "prompt_token_ids": prompt, "logprobs": unknown, "logprob_sum": float("nan")}


@contextmanager
def _runner(config: CurateConfig, context: Context) -> Iterator[RunPrograms]:
    """Give the way to run programs; a sandbox is started only for a filter that needs one."""
    limits = config.science.limits
    if limits is None:
        yield lambda candidates: [SampleDecision.KEEP] * len(candidates)
        return
    inputs = execution.inputs_of(artifacts.open_artifact(context.path(config.prompts)))
    with connect_sandbox(config.execution, memory_mb=limits.memory_mb) as client:
        yield lambda candidates: execution.run(client, candidates, inputs, limits_of(limits))


def _inputs(config: CurateConfig, context: Context, shards: Sequence[Artifact]) -> dict[str, str]:
    """Return the digests of what was read."""
    return {
        "samples": artifacts.joint_digest(shards),
        "prompts": artifacts.open_artifact(context.path(config.prompts)).digest,
        "model": artifacts.open_artifact(context.path(config.model)).digest,
    }
