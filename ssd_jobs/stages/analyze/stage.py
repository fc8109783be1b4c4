"""Analyze: what distillation did to the base model's distributions, on the same stored contexts for both models."""

import io
import json
from functools import partial

import numpy as np

from ssd_jobs import artifacts
from ssd_jobs.artifacts import Artifact, Draft, Provenance
from ssd_jobs.context import Context
from ssd_jobs.contract import AnalyzeConfig, StageDone, files, science_of
from ssd_jobs.models.files import model_files
from ssd_jobs.stages.analyze import contexts, distributions, statistics

__all__ = ["run"]


def run(config: AnalyzeConfig, context: Context) -> StageDone:
    """Measure both models, or find it done."""
    output = context.output(config, path=config.output, key=config.key)
    done = artifacts.make(output, partial(_analyze, config, context), progress=context.progress)
    return StageDone(stage=config.stage, digest=done.digest, message=f"{done.manifest.counts['positions']} positions")


def _analyze(config: AnalyzeConfig, context: Context, draft: Draft) -> Provenance:
    """Measure both models and say what was read."""
    shards = artifacts.open_shards(context.path(config.samples))
    counts = _measure(config, context, shards, draft)
    return Provenance(
        science=science_of(config.science),
        inputs=_inputs(config, context, shards),
        counts=counts,
        facts={"gpus": config.execution.gpus},
        image=config.execution.image,
    )


def _measure(config: AnalyzeConfig, context: Context, shards: list[Artifact], draft: Draft) -> dict[str, int | float]:
    """Evaluate both arms and write what was found."""
    science = config.science
    chosen = contexts.choose(shards, problems=science.problems, max_tokens=science.max_tokens, seed=science.seed)
    done = 0

    def on_context() -> None:
        nonlocal done
        done += 1
        context.check_stop()
        context.progress.update(done=done, total=2 * len(chosen), unit="contexts")

    models = [model_files(context.path(path)) for path in (config.base, config.candidate)]
    for model in models:
        model.verify()
    base, candidate = (
        distributions.arm(model.directory, chosen, science, gpus=config.execution.gpus, on_context=on_context)
        for model in models
    )
    found = statistics.summary(base, candidate, science.temperatures)
    draft.write_text(files.STATISTICS, json.dumps(found, indent=1) + "\n")
    draft.write_bytes(files.POSITIONS, _packed(chosen, base, candidate))
    return {"contexts": len(chosen), "positions": found["positions"]}


def _packed(chosen: list[contexts.StoredContext], base: statistics.Arm, candidate: statistics.Arm) -> bytes:
    """Return the position-wise arrays as one compressed file."""
    lengths = [len(each.tokens) - each.prompt_length for each in chosen]
    arrays = {
        f"{name}_{field}": values.astype(np.float32)
        for name, arm in (("base", base), ("candidate", candidate))
        for field, values in vars(arm).items()
    }
    stream = io.BytesIO()
    np.savez_compressed(
        stream,
        problem_id=np.repeat(np.array([each.problem_id for each in chosen]), lengths),
        offset=np.concatenate([np.arange(length) for length in lengths]),
        **arrays,
    )
    return stream.getvalue()


def _inputs(config: AnalyzeConfig, context: Context, shards: list[Artifact]) -> dict[str, str]:
    """Return the digests of what was read; the candidate is a folder of its training's artifact."""
    return {
        "model": model_files(context.path(config.base)).artifact.digest,
        "candidate": model_files(context.path(config.candidate)).artifact.digest,
        "samples": artifacts.joint_digest(shards),
    }
