"""What the candidate was trained on: from the pool to the last loss, from what the stages counted.

What the pages on method and reference promise that a report says is said from here: overlaps with benchmarks among the
problems trained on, a choice by correctness, what the filter left out, epochs, and texts that are no programs.
"""

import json
from collections import Counter
from collections.abc import Iterator, Mapping
from itertools import islice
from pathlib import PurePath
from typing import Any

from ssd_jobs.artifacts import Artifact, tables
from ssd_jobs.contract import ReportConfig, files
from ssd_jobs.contract.printable import printable
from ssd_jobs.programs.extraction import answer_of, cut_while_thinking, extract
from ssd_jobs.scoring.formatting import describe
from ssd_jobs.stages.report.document import Garbled, Overlap, TextShares, TrainingData
from ssd_jobs.stages.report.evidence import Evidence, StageEvidence
from ssd_jobs.stages.report.wording import ARM_NAMES
from ssd_jobs.tracking.series import read_points

__all__ = ["read"]

MANY_WITHOUT_CODE = 0.2
"""Share of training samples from which on some of them are shown."""
GARBLED_SHOWN = 10
GARBLED_CHARACTERS = 1200
PARTS_READ = 4
"""Files in which they are looked for: all of them may be gigabytes."""
LOSS = "train/loss"


def read(config: ReportConfig, evidence: Evidence) -> TrainingData:
    """Return what is known of the training."""
    pool = next((each for each in _of(evidence, "prepare") if (each.path / files.OVERLAPS).is_file()), None)
    curated = next(iter(_of(evidence, "curate")), None)
    trained = next(iter(_of(evidence, "train")), None)
    texts = tuple(_texts(config, evidence))
    counts = dict(curated.manifest.counts) if curated else {}
    return TrainingData(
        pool={name: int(value) for name, value in pool.manifest.counts.items()} if pool else {},
        correctness_signal=str(pool.manifest.facts.get("correctness_signal", "")) if pool else "",
        overlap_words=_number(pool.manifest.facts.get("overlap_words")) if pool else 0,
        decontaminate=str(pool.manifest.science.get("decontaminate", "")) if pool else "",
        overlaps=tuple(_overlaps(pool, curated)) if pool else (),
        filter=str(curated.manifest.facts.get("filter", "")) if curated else "",
        curation=counts,
        steps=_number(trained.manifest.counts.get("steps")) if trained else None,
        candidate_step=files.step_number(PurePath(config.candidate).name),
        tokens=_number(trained.manifest.counts.get("tokens_seen")) if trained else 0,
        final_loss=_final_loss(evidence),
        texts=texts,
        garbled=tuple(islice(_garbled(evidence), GARBLED_SHOWN)) if _are_many(texts) else (),
    )


def _of(evidence: Evidence, kind: str) -> Iterator[Artifact]:
    """Yield the artifacts of one kind of stage."""
    return (manifest for each in evidence.stages if each.artifact.kind == kind for manifest in each.manifests)


def _number(value: object) -> int:
    return int(value) if isinstance(value, int | float) else 0


def _overlaps(pool: Artifact, curated: Artifact | None) -> Iterator[Overlap]:
    """Yield, for each benchmark, the problems that share text with it: those trained on, or those that were dropped."""
    dropped = pool.manifest.science.get("decontaminate") == "Drop"
    records = _records(curated)
    problems: Counter[str] = Counter()
    trained: Counter[str] = Counter()
    for line in _lines(pool, files.OVERLAPS):
        left = records.get(line["problem_id"], 0) if line.get("kept", True) else 0
        problems[line["benchmark"]] += dropped or left > 0
        trained[line["benchmark"]] += left
    for name in sorted(problems):
        yield Overlap(benchmark=name, problems=problems[name], records=trained[name])


def _records(curated: Artifact | None) -> dict[str, int]:
    """Return problem -> records that are trained on."""
    if curated is None:
        return {}
    return {line["problem_id"]: line["records"] for line in _lines(curated, files.YIELDS)}


def _lines(artifact: Artifact, name: str) -> Iterator[dict[str, Any]]:
    """Yield the lines of a file of an artifact, if it is what the manifest vouches for."""
    artifact.verify([name])
    with (artifact.path / name).open(encoding="utf-8") as lines:
        yield from map(json.loads, lines)


def _final_loss(evidence: Evidence) -> float | None:
    """Return the loss of the last step."""
    found = [
        point
        for each in evidence.stages
        if each.artifact.kind == "train"
        for path in each.metrics
        for point in read_points(path)
        if point.key == LOSS
    ]
    return max(found, key=lambda point: (point.step, point.time_ms)).value if found else None


def _texts(config: ReportConfig, evidence: Evidence) -> Iterator[TextShares]:
    """Yield what became of the training samples, and of the generations of both arms on each benchmark."""
    by_path = {each.artifact.path: each for each in evidence.stages}
    for each in evidence.stages:
        if each.artifact.kind == "sample":
            yield from _shares("training samples", each)
    for benchmark in config.benchmarks:
        for evaluation in benchmark.evaluations:
            stage = by_path.get(evaluation.generations)
            if stage is not None and evaluation.mode == benchmark.grading[0]:
                arm = ARM_NAMES[evaluation.arm]
                yield from _shares(f"{benchmark.name}, {arm}, {describe(evaluation.decode)}", stage)


def _shares(what: str, stage: StageEvidence) -> Iterator[TextShares]:
    """Yield the shares among the samples that are no errors, if there are any."""
    counts: Counter[str] = Counter()
    for each in stage.manifests:
        counts.update({name: int(value) for name, value in each.manifest.counts.items()})
    sampled = counts["samples"] - counts["errors"]
    if sampled > 0 and "code_block" in counts:
        known = "cut_while_thinking" in counts
        yield TextShares(
            what=what,
            samples=sampled,
            truncated=counts["truncated"] / sampled,
            cut_while_thinking=counts["cut_while_thinking"] / sampled if known else None,
            without_code=(sampled - counts["code_block"]) / sampled,
        )


def _are_many(texts: tuple[TextShares, ...]) -> bool:
    """Tell whether so many training samples have no program that a person should see some."""
    return any(each.what == "training samples" and each.without_code >= MANY_WITHOUT_CODE for each in texts)


def _garbled(evidence: Evidence) -> Iterator[Garbled]:
    """Yield training samples without a program that were not cut while thinking: those are another trouble."""
    columns = ["problem_id", "sample_index", "text", "answer_start", "finish_reason", "error"]
    parts = (part for shard in _of(evidence, "sample") for part in shard.samples_by_part(columns=columns))
    for part in islice(parts, PARTS_READ):
        yield from (_shown(row) for row in tables.rows(part) if _is_garbled(row))


def _is_garbled(row: Mapping[str, Any]) -> bool:
    return not row["error"] and not cut_while_thinking(row) and extract(answer_of(row), "Process") is None


def _shown(row: Mapping[str, Any]) -> Garbled:
    text = printable(answer_of(row)[:GARBLED_CHARACTERS], keep="\n\t")
    return Garbled(problem=row["problem_id"], sample=row["sample_index"], text=text)
