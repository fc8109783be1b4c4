"""Reading what the stages left: verdicts as panels, manifests, distributions, and a few generations.

A report is also written after failures, so whatever is missing is noted and left out; what is there but wrong
is an error. Expected outputs are out of reach here.
"""

from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray
from pydantic import JsonValue

from ssd_jobs import artifacts
from ssd_jobs.artifacts import selections, tables
from ssd_jobs.contract import (
    ARTIFACTS,
    Arm,
    BenchmarkReport,
    Choice,
    Evaluation,
    Grading,
    ReportConfig,
    StageArtifact,
    files,
)
from ssd_jobs.errors import JobError
from ssd_jobs.models.model_files import model_files
from ssd_jobs.sampling.units import TOO_LONG
from ssd_jobs.scoring import Panel, Scores, score
from ssd_jobs.scoring.scorecard import RootCard
from ssd_jobs.stages.report.document import Sample

__all__ = ["Distribution", "Evidence", "Grader", "StageEvidence", "gather"]

SAMPLES_SHOWN = 6
TEXT_LIMIT = 4000
FOLLOWS = {"sample": "nothing is trained on for them", "generate": "they count as unsolved"}
"""What a sample that could not be drawn means, by the kind of its stage."""
TESTS = "tests/"
"""The root that only grade may see."""


@dataclass(frozen=True)
class StageEvidence:
    """A stage's artifact and its manifests, none when it is missing."""

    artifact: StageArtifact
    manifests: tuple[artifacts.Artifact, ...]

    @property
    def metrics(self) -> list[Path]:
        """Return the files of metrics that the stage left."""
        return [each.path / files.METRICS for each in self.manifests if (each.path / files.METRICS).is_file()]

    @property
    def statistics(self) -> Path | None:
        """Return the curves that the analyze stage left."""
        if self.artifact.kind != "analyze" or not self.manifests:
            return None
        file = self.manifests[0].path / files.STATISTICS
        return file if file.is_file() else None


@dataclass(frozen=True)
class Distribution:
    """Lengths in tokens and mean negative log-likelihoods per token of one arm's generations."""

    lengths: NDArray[np.float64]
    nll: NDArray[np.float64]


@dataclass(frozen=True)
class Grader:
    """What decided verdicts besides the programs."""

    tests: str
    """Digest of the tests; empty where the manifest names none."""
    facts: dict[str, JsonValue]
    """What else: format, mode, limits, interpreter."""


@dataclass
class Evidence:
    """Everything that was found."""

    selections: dict[tuple[str, Arm], Choice] = field(default_factory=dict)
    """benchmark, arm -> which setting was chosen."""
    panels: dict[tuple[str, Grading], Panel] = field(default_factory=dict)
    """On report problems."""
    select_panels: dict[str, Panel] = field(default_factory=dict)
    """benchmark -> both arms at every setting of its sweep, on the problems that settings are chosen on."""
    verdicts: dict[tuple[str, str, str, Grading], dict[tuple[str, int], bool]] = field(default_factory=dict)
    """benchmark, arm, setting, mode -> (problem, sample) -> passed."""
    distributions: dict[tuple[str, str], Distribution] = field(default_factory=dict)
    """benchmark, arm -> at the fixed setting."""
    samples: list[Sample] = field(default_factory=list)
    stages: list[StageEvidence] = field(default_factory=list)
    canaries_passed: bool = True
    graders: dict[tuple[str, str, str, Grading], Grader] = field(default_factory=dict)
    """benchmark, arm, setting, mode -> what gave the verdicts."""
    candidate_digest: str = ""
    root: RootCard | None = None
    """What the model of round 0 did; None outside a chain of rounds."""
    inputs: dict[str, str] = field(default_factory=dict)
    notes: list[str] = field(default_factory=list)

    def chosen(self, benchmark: str) -> dict[Arm, str]:
        """Return the settings that were chosen for a benchmark."""
        return {arm: each.chosen for (name, arm), each in self.selections.items() if name == benchmark}

    def is_chosen(self, benchmark: str, evaluation: Evaluation) -> bool:
        """Tell whether an evaluation is at the chosen setting of its arm."""
        return self.chosen(benchmark).get(evaluation.arm) == evaluation.setting


def gather(config: ReportConfig, workspace: Path) -> Evidence:
    """Read everything that the config names."""
    found = Evidence()
    for benchmark in config.benchmarks:
        _selections(benchmark, workspace, found)
    _stages(config, workspace, found)
    for benchmark in config.benchmarks:
        for mode in benchmark.grading:
            _panel(config, benchmark, mode, workspace, found)
        _select_panel(config, benchmark, workspace, found)
        _generations(benchmark, workspace, found)
    if config.candidate:
        found.candidate_digest = _candidate(config, workspace, found.notes)
    return found


def _selections(benchmark: BenchmarkReport, workspace: Path, found: Evidence) -> None:
    """Read which setting was chosen for each arm."""
    for arm, path in benchmark.select.selections.items() if benchmark.select else ():
        try:
            artifact = artifacts.open_artifact(workspace / path)
        except JobError as error:
            found.notes.append(f"{arm} on {benchmark.name}: {error}")
            continue
        found.selections[benchmark.name, arm] = selections.read(artifact)
        found.inputs[f"selection/{benchmark.name}/{arm}".lower()] = artifact.digest


def _stages(config: ReportConfig, workspace: Path, found: Evidence) -> None:
    """Read the manifests of what the stages left; what two of them share is told of once, by the first."""
    made: dict[str, StageArtifact] = {}
    for artifact in (*config.artifacts, *_at_chosen_settings(config, found)):
        if not artifact.path.startswith(TESTS):
            made.setdefault(artifact.path, artifact)
    for artifact in made.values():
        manifests = _manifests(workspace, artifact, found.notes)
        found.stages.append(StageEvidence(artifact, manifests))
        warnings = (each.manifest.facts.get("warning") for each in manifests)
        found.notes += [f"{artifact.stage}: {warning}" for warning in warnings if warning]
        found.notes += _unsampled(found.stages[-1])


def _unsampled(stage: StageEvidence) -> Iterator[str]:
    """Yield how many samples a stage could not draw, and what that means, if there are any."""
    counts: Counter[str] = Counter()
    for each in stage.manifests:
        counts.update({name: int(each.manifest.counts.get(name, 0)) for name in ("samples", "errors", TOO_LONG)})
    if stage.artifact.kind in FOLLOWS and counts["errors"]:
        yield (
            f"{stage.artifact.stage}: {counts['errors']} of {counts['samples']} samples could not be drawn, "
            f"{counts[TOO_LONG]} of them because the prompt is too long ({TOO_LONG}): {FOLLOWS[stage.artifact.kind]}"
        )


def _at_chosen_settings(config: ReportConfig, found: Evidence) -> Iterator[StageArtifact]:
    """Yield what was generated and graded at the chosen settings."""
    for benchmark in config.benchmarks:
        for each in benchmark.evaluations:
            if not each.fixed and found.is_chosen(benchmark.name, each):
                yield StageArtifact(stage=each.generated_by, kind="generate", path=each.generations, sharded=True)
                yield StageArtifact(stage=each.stage, kind="grade", path=each.verdicts, sharded=True)


def _manifests(workspace: Path, artifact: StageArtifact, notes: list[str]) -> tuple[artifacts.Artifact, ...]:
    """Return an artifact's shards, or itself; a missing one is noted."""
    path = workspace / artifact.path
    try:
        if artifact.sharded:
            return tuple(artifacts.open_shards(path))
        return (artifacts.open_artifact(path),)
    except JobError as error:
        notes.append(f"{artifact.stage}: {error}")
        return ()


def _panel(config: ReportConfig, benchmark: BenchmarkReport, mode: Grading, workspace: Path, found: Evidence) -> None:
    """Count the verdicts on report problems under one grading mode: at the fixed settings, and at the chosen ones."""
    wanted = [
        each
        for each in benchmark.evaluations
        if each.mode == mode and (each.fixed or found.is_chosen(benchmark.name, each))
    ]
    evaluations: dict[tuple[Arm, str], Scores] = {}
    for each in wanted:
        if (each.arm, each.setting) in evaluations:
            continue
        data = _verdicts(workspace, benchmark, each, found)
        if data is None:
            continue
        found.verdicts[benchmark.name, each.arm, each.setting, mode] = {
            (row["problem_id"], row["sample_index"]): row["verdict"] == "pass"
            for row in data.select(["problem_id", "sample_index", "verdict"]).to_pylist()
        }
        evaluations[each.arm, each.setting] = score(data, samples=benchmark.samples_per_problem, source=each.verdicts)
    if evaluations:
        found.panels[benchmark.name, mode] = Panel(
            name=f"{benchmark.name}/{mode}",
            evaluations=evaluations,
            fixed={each.arm: each.setting for each in wanted if each.fixed},
            chosen=found.chosen(benchmark.name),
            replicates=config.science.bootstrap_replicates,
            seed=config.science.seed,
        )


def _select_panel(config: ReportConfig, benchmark: BenchmarkReport, workspace: Path, found: Evidence) -> None:
    """Count the verdicts on select problems, at every setting of the sweep."""
    evaluations: dict[tuple[Arm, str], Scores] = {}
    for each in benchmark.select.evaluations if benchmark.select else ():
        data = _verdicts(workspace, benchmark, each, found)
        if data is not None:
            scores = score(data, samples=benchmark.samples_per_problem, source=each.verdicts)
            evaluations[each.arm, each.setting] = scores
    if evaluations:
        found.select_panels[benchmark.name] = Panel(
            name=f"{benchmark.name}/select",
            evaluations=evaluations,
            fixed={},
            chosen=found.chosen(benchmark.name),
            replicates=config.science.bootstrap_replicates,
            seed=config.science.seed,
        )


def _verdicts(workspace: Path, benchmark: BenchmarkReport, each: Evaluation, found: Evidence) -> pa.Table | None:
    """Return the verdicts of one evaluation, None when they are missing."""
    shards = _verdict_shards(workspace, benchmark, each, found)
    return _concat(shards) if shards else None


def _verdict_shards(
    workspace: Path, benchmark: BenchmarkReport, evaluation: Evaluation, found: Evidence
) -> list[artifacts.Artifact]:
    """Return the verdicts of one evaluation and what their manifests say; nothing when they are missing."""
    try:
        shards = artifacts.open_shards(workspace / evaluation.verdicts)
    except JobError as error:
        found.notes.append(f"{evaluation.arm} on {benchmark.name} at {evaluation.setting}: {error}")
        return []
    found.canaries_passed &= all(shard.manifest.facts.get("canaries") == "passed" for shard in shards)
    part = benchmark.name if evaluation in benchmark.evaluations else f"{benchmark.name}-select"
    found.graders[part, evaluation.arm, evaluation.setting, evaluation.mode] = _grader(shards[0].manifest)
    name = f"verdicts/{part}/{evaluation.arm}/{evaluation.setting}/{evaluation.mode}".lower()
    found.inputs[name] = artifacts.joint_digest(shards)
    return shards


def _grader(manifest: artifacts.Manifest) -> Grader:
    """Return what a manifest says of the grader; how many shards there were changes no verdict."""
    science = {name: value for name, value in manifest.science.items() if name != "shards"}
    python = ".".join(manifest.environment.get("python", "").split(".")[:2])
    facts = {"format": ARTIFACTS["grade"].format, **science, "python": python}
    return Grader(manifest.inputs.get("tests", ""), facts)


def _concat(shards: Sequence[artifacts.Artifact]) -> pa.Table:
    return pa.concat_tables([shard.table(files.VERDICTS, tables.VERDICTS) for shard in shards])


def _generations(benchmark: BenchmarkReport, workspace: Path, found: Evidence) -> None:
    """Read lengths, likelihoods and a few texts of both arms at their fixed settings."""
    mode = benchmark.grading[0]
    for each in benchmark.evaluations:
        if not each.fixed or each.mode != mode or (benchmark.name, mode) not in found.panels:
            continue
        try:
            shards = artifacts.open_shards(workspace / each.generations)
        except JobError as error:
            found.notes.append(f"{each.arm} on {benchmark.name}: {error}")
            continue
        found.distributions[benchmark.name, each.arm] = _distribution(shards)
        found.samples += _samples(benchmark, each, workspace, shards)


def _distribution(shards: Sequence[artifacts.Artifact]) -> Distribution:
    """Return lengths and mean NLLs; an empty completion has neither."""
    lengths, sums = [np.empty(0)], [np.empty(0)]
    for shard in shards:
        for data in shard.samples_by_part(columns=["completion_token_ids", "logprob_sum"]):
            lengths.append(pc.list_value_length(data["completion_token_ids"]).to_numpy())
            sums.append(data["logprob_sum"].to_numpy())
    length = np.concatenate(lengths).astype(np.float64)
    total = np.concatenate(sums).astype(np.float64)
    return Distribution(length[length > 0], -total[length > 0] / length[length > 0])


def _samples(
    benchmark: BenchmarkReport, evaluation: Evaluation, workspace: Path, shards: Sequence[artifacts.Artifact]
) -> list[Sample]:
    """Return the first generations of the first part that has any, with their verdicts."""
    verdicts = {
        (row["problem_id"], row["sample_index"]): row
        for each in artifacts.open_shards(workspace / evaluation.verdicts)
        for row in tables.rows(each.table(files.VERDICTS, tables.VERDICTS))
    }
    columns = ["problem_id", "sample_index", "text"]
    parts = (part for shard in shards for part in shard.samples_by_part(columns=columns))
    texts = next((tables.rows(part) for part in parts if part.num_rows), [])
    texts.sort(key=lambda row: (row["sample_index"], row["problem_id"]))
    found = []
    for row in texts[:SAMPLES_SHOWN]:
        verdict = verdicts.get((row["problem_id"], row["sample_index"]))
        if verdict is not None:
            found.append(
                Sample(
                    benchmark=benchmark.name,
                    arm=evaluation.arm,
                    problem=row["problem_id"],
                    sample=row["sample_index"],
                    verdict=verdict["verdict"],
                    reason=verdict["reason"],
                    tokens=verdict["completion_tokens"],
                    text=row["text"][:TEXT_LIMIT],
                )
            )
    return found


def _candidate(config: ReportConfig, workspace: Path, notes: list[str]) -> str:
    """Return the digest of the exported files alone, hashed again where they may be registered under it."""
    try:
        files = model_files(workspace / config.candidate)
    except JobError as error:
        notes.append(f"candidate: {error}")
        return ""
    if not files.names:
        return ""
    if config.science.promotion is not None and all(stage.optional for stage in config.execution.failed):
        files.verify()
    return files.digest
