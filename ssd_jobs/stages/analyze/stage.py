"""Analyze: what distillation did to the base model's distributions, on the same held-out contexts for both models."""

import io
import json
import shutil
from collections.abc import Sequence
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np

from ssd_jobs import artifacts
from ssd_jobs.artifacts import Draft, Provenance
from ssd_jobs.context import Context
from ssd_jobs.contract import AnalyzeConfig, Evaluation, StageDone, files, science_of
from ssd_jobs.models.model_files import model_files
from ssd_jobs.models.prompts import load_tokenizer
from ssd_jobs.sandbox.protocol import Mode
from ssd_jobs.stages.analyze import contexts, distributions, examples, factors, splits, statistics
from ssd_jobs.stages.analyze.contexts import Generations
from ssd_jobs.stages.analyze.factors import Factors
from ssd_jobs.stages.analyze.kept import UNFINISHED, Kept
from ssd_jobs.stages.analyze.measurement import Arm, Positions
from ssd_jobs.stages.analyze.resampling import Resampling
from ssd_jobs.stages.analyze.target import Aim
from ssd_jobs.stages.analyze.token_classes import Words

__all__ = ["run"]

BASE, CANDIDATE, TARGET = "base", "candidate", "target"
"""What is measured on each context."""


def run(config: AnalyzeConfig, context: Context) -> StageDone:
    """Measure both models, or find it done."""
    output = context.output(config, path=config.output, key=config.key, unfinished=(UNFINISHED,))
    done = artifacts.make(output, partial(_analyze, config, context), progress=context.progress)
    shutil.rmtree(output.path / UNFINISHED, ignore_errors=True)
    return StageDone(stage=config.stage, digest=done.digest, message=f"{done.manifest.counts['positions']} positions")


def _analyze(config: AnalyzeConfig, context: Context, draft: Draft) -> Provenance:
    """Measure both models and say what was read."""
    arms = [_generations(each, context) for each in config.evaluations]
    inputs = _inputs(config, context, arms)
    science = config.science
    chosen = contexts.choose(arms, problems=science.problems, positions=science.positions, seed=science.seed)
    kept = Kept(draft, {"inputs": inputs, "science": science_of(science)})
    words = _words(context.path(config.base), trust_remote_code=science.trust_remote_code)
    mode: Mode = "LCB" if config.evaluations[0].mode == "LCB" else "Process"
    classes = [words.classes(each.prompt.tolist(), each.completion.tolist(), mode) for each in chosen]
    shown = examples.shown_program(chosen, classes)
    measuring = _Measuring(config, context, kept, [*chosen, *([shown] if shown else [])])
    bases, candidates = measuring.arms()
    base, candidate = (Arm.join(each[: len(chosen)]) for each in (bases, candidates))
    target = Aim.join(measuring.targets()[: len(chosen)])
    positions = _positions(chosen, classes)
    gained = factors.of(base, candidate, target, positions, science.temperatures)
    found = statistics.summary(
        base,
        candidate,
        target,
        positions,
        gained,
        truncation=science.truncation,
        temperatures=science.temperatures,
        resampling=Resampling(positions.problem, replicates=science.replicates, seed=science.seed),
    )
    found["greedy"] = examples.greedy(chosen, bases, candidates, words)
    found["program"] = examples.program(shown, bases[-1], candidates[-1], words) if shown else None
    draft.write_text(files.STATISTICS, json.dumps(found, indent=1) + "\n")
    draft.write_bytes(files.POSITIONS, _packed(chosen, positions, base, candidate, target, gained))
    return Provenance(
        science=science_of(science),
        inputs=inputs,
        counts={"contexts": len(chosen), "problems": found["problems"], "positions": found["positions"]},
        facts={"gpus": config.execution.gpus},
        image=config.execution.image,
    )


def _words(directory: Path, *, trust_remote_code: bool) -> Words:
    """Open the tokenizer of the base, after its files are what the manifest says."""
    model = model_files(directory)
    model.verify(model.settings)
    return Words(load_tokenizer(directory, trust_remote_code=trust_remote_code))


class _Measuring:
    """Both models on all contexts, one model in memory at a time."""

    def __init__(
        self, config: AnalyzeConfig, context: Context, kept: Kept, chosen: Sequence[contexts.StoredContext]
    ) -> None:
        self._config = config
        self._context = context
        self._kept = kept
        self._chosen = chosen

    def arms(self) -> tuple[list[Arm], list[Arm]]:
        """Return base and candidate, context by context."""
        return self._arm(BASE, self._config.base), self._arm(CANDIDATE, self._config.candidate)

    def targets(self) -> list[Aim]:
        """Return what training aims at in each context, which is known once the base has been measured."""
        return [self._kept.target(TARGET, number) for number in range(len(self._chosen))]

    def _arm(self, name: str, path: str) -> list[Arm]:
        """Return one model, measured where it has not been."""
        numbers = range(len(self._chosen))
        missing = [number for number in numbers if not self._kept.has(name, number)]
        if missing:
            model = model_files(self._context.path(path))
            model.verify()
            science, gpus = self._config.science, self._config.execution.gpus
            targets = None if name == BASE else [self._kept.target(TARGET, each) for each in missing]
            found = distributions.measured(
                model.directory, [self._chosen[each] for each in missing], science, gpus=gpus, targets=targets
            )
            for place, (number, (arm, target)) in enumerate(zip(missing, found, strict=True), start=1):
                if targets is None:
                    self._kept.save(TARGET, number, target)
                self._kept.save(name, number, arm)
                self._tell(name, len(numbers) - len(missing) + place)
        return [self._kept.arm(name, number) for number in numbers]

    def _tell(self, name: str, done: int) -> None:
        """Say how far this is, and stop if that is asked for."""
        total = len(self._chosen)
        self._context.progress.update(done=done + (total if name == CANDIDATE else 0), total=2 * total, unit="contexts")
        self._context.check_stop()


def _generations(evaluation: Evaluation, context: Context) -> Generations:
    """Open what an arm has generated."""
    return Generations(
        evaluation.arm,
        artifacts.open_shards(context.path(evaluation.generations)),
        artifacts.open_shards(context.path(evaluation.verdicts)),
    )


def _positions(chosen: Sequence[contexts.StoredContext], classes: Sequence[Sequence[str]]) -> Positions:
    """Return where the positions of all contexts come from, and what stands there."""
    numbers = {name: number for number, name in enumerate(dict.fromkeys(each.problem_id for each in chosen))}
    return Positions(
        problem=_by_position(chosen, [numbers[each.problem_id] for each in chosen]),
        passing=_by_position(chosen, [each.passed for each in chosen]),
        following=np.concatenate([each.completion[each.offsets] for each in chosen]).astype(np.int64),
        classes=tuple(own[place] for each, own in zip(chosen, classes, strict=True) for place in each.offsets),
    )


def _by_position(chosen: Sequence[contexts.StoredContext], values: Sequence[Any]) -> Any:
    """Return what is known of each context, for each of its positions."""
    return np.repeat(np.array(values), [len(each.offsets) for each in chosen])


def _packed(
    chosen: Sequence[contexts.StoredContext],
    positions: Positions,
    base: Arm,
    candidate: Arm,
    target: Aim,
    gained: Factors,
) -> bytes:
    """Return the position-wise arrays as one compressed file."""
    arrays = {
        f"{name}_{field}": values.astype(np.float32)
        for name, arm in ((BASE, base), (CANDIDATE, candidate))
        for field, values in vars(arm).items()
    }
    stream = io.BytesIO()
    np.savez_compressed(
        stream,
        problem_id=_by_position(chosen, [each.problem_id for each in chosen]),
        written_by=_by_position(chosen, [each.arm for each in chosen]),
        passed=_by_position(chosen, [each.passed for each in chosen]),
        token_class=np.array(positions.classes),
        token=positions.following,
        offset=np.concatenate([each.offsets for each in chosen]),
        target_size=target.size.astype(np.float32),
        tempered_mass=target.tempered_mass.astype(np.float32),
        kind=np.array(splits.KINDS)[splits.kinds(base)],
        **{name: values.astype(np.float32) for name, values in vars(gained).items()},
        **arrays,
    )
    return stream.getvalue()


def _inputs(config: AnalyzeConfig, context: Context, arms: Sequence[Generations]) -> dict[str, str]:
    """Return the digests of what was read; the candidate is a folder of its training's artifact."""
    return {
        "model": model_files(context.path(config.base)).artifact.digest,
        "candidate": model_files(context.path(config.candidate)).artifact.digest,
        **{f"generations.{each.arm}": artifacts.joint_digest(each.shards) for each in arms},
        **{f"verdicts.{each.arm}": artifacts.joint_digest(each.verdicts) for each in arms},
    }
