"""Every name of a file or directory that crosses a border, and the functions that build and read such names.

Stages meet at files, and the operator, MLflow and people read what stages leave. A constant is a name inside an
artifact's directory; a name that only its own module knows (a journal, a lock) stays in that module.
"""

import re
from collections.abc import Iterable
from pathlib import Path

__all__ = [
    "BATCHES",
    "CALLS",
    "CHECKPOINTS",
    "CHECKS",
    "COLLECTED",
    "EXPORT",
    "EXPORTS",
    "GENERATION_CONFIG",
    "LENGTHS",
    "MANIFEST",
    "METRICS",
    "MODEL_CONFIG",
    "OVERLAPS",
    "POSITIONS",
    "PREPARED",
    "PROBLEMS",
    "PROGRESS",
    "PROMPTS",
    "RECORDS",
    "RECORD_PROMPTS",
    "REMOVED",
    "REPORT_DOCUMENT",
    "REPORT_GENERATIONS",
    "REPORT_MANIFESTS",
    "REPORT_PAGE",
    "REPORT_PLOTS",
    "REPORT_ROOT",
    "REPORT_SAMPLES",
    "REPORT_SCORECARDS",
    "REPORT_SPEC",
    "REPORT_SUMMARY",
    "SELECTION",
    "STATISTICS",
    "TESTS",
    "TOKENIZER",
    "TOKENIZER_CONFIG",
    "TOKENIZER_MODEL",
    "TOKENIZER_VOCABULARY",
    "VERDICTS",
    "WEIGHTS",
    "WEIGHTS_INDEX",
    "YIELDS",
    "builtin_template",
    "export",
    "is_builtin_template",
    "layouts",
    "part",
    "part_number",
    "parts",
    "parts_in",
    "shard",
    "shards_in",
    "step",
    "step_number",
]

# Beside the content of every artifact.

MANIFEST = "manifest.json"
"""What the artifact is: written last, so a directory without it is no artifact."""
PROGRESS = "progress.json"
"""How far the stage is that writes here; never part of the content."""

COLLECTED = "collected.json"
"""What the manifest becomes of a directory whose content was removed because its run keeps its results alone."""

# prepare: the model is a Hugging Face directory, whose names are below.

PROBLEMS = "problems.parquet"
PROMPTS = "prompts.parquet"
RECORD_PROMPTS = "record-prompts.parquet"
"""The prompts that records begin with, where samples were drawn from others."""
TESTS = "tests.parquet"
CHECKS = "checks.parquet"
"""Tests that are programs. Both are in a directory of its own, which only stages with a sandbox see."""
OVERLAPS = "overlaps.jsonl"
"""Training problems that share text with a benchmark, a line each."""
PREPARED = "summary.json"
"""Counts and digests of all parts."""

# reference

CALLS = "calls.parquet"

# sample and generate: a directory per shard, as grade has them, and in it parts, whose names `part` gives, and metrics.

METRICS = "metrics.jsonl"
"""What was measured while the stage ran; train writes one, too."""

# curate

RECORDS = "records.parquet"
LENGTHS = "lengths.parquet"
REMOVED = "removed.parquet"
BATCHES = "batches.parquet"
YIELDS = "yields.jsonl"
"""Samples and records of every problem, a line each."""

# train

EXPORT = "model"
"""The trained model, as a Hugging Face directory."""
EXPORTS = "exports"
"""Models written on the way, each in a directory that `step` names."""
CHECKPOINTS = "steps"
"""What training resumes from, each in a directory that `step` names; never part of the content."""

# grade

VERDICTS = "verdicts.parquet"

# select

SELECTION = "selection.json"
"""Which decode setting an arm is compared at, and what all of them scored."""

# analyze

STATISTICS = "statistics.json"
"""The curves of both models."""
POSITIONS = "positions.npz"
"""Both models position by position, for whoever wants other curves."""

# report

REPORT_PAGE = "report.html"
REPORT_DOCUMENT = "report.json"
"""The numbers that all other files of the report are made from."""
REPORT_SUMMARY = "summary.md"
REPORT_SPEC = "spec.json"
REPORT_PLOTS = "plots"
REPORT_MANIFESTS = "manifests"
REPORT_GENERATIONS = "generations"
REPORT_SCORECARDS = "scorecards"
REPORT_ROOT = "root.json"
"""Of a round: the scores of the model that the first round started from."""
REPORT_SAMPLES = f"{REPORT_GENERATIONS}/samples.json"
"""A few generations with their verdicts, as a table that MLflow opens."""

# A model's directory: names that transformers and vLLM look for.

MODEL_CONFIG = "config.json"
GENERATION_CONFIG = "generation_config.json"
TOKENIZER = "tokenizer.json"
TOKENIZER_CONFIG = "tokenizer_config.json"
TOKENIZER_MODEL = "tokenizer.model"
TOKENIZER_VOCABULARY = "vocab.json"
WEIGHTS = ".safetensors"
"""The suffix of every file of weights that is read or written."""
WEIGHTS_INDEX = "model.safetensors.index.json"

_BUILTIN = "builtin:"
_PART = re.compile(r"part-(\d{5,})\.parquet")
_SHARD = re.compile(r"shard-(\d{5,})-of-(\d{5,})")
_STEP = re.compile(r"step-(\d{6,})")


def shard(artifact: Path, number: int, shards: int) -> Path:
    """Return the directory of one of so many shards of an artifact; its name says how many there are."""
    return artifact / f"shard-{number:05d}-of-{shards:05d}"


def layouts(artifact: Path) -> list[int]:
    """Return into how many shards an artifact is laid out, by its directories' names: one number, or none yet."""
    names = (path.name for path in artifact.iterdir()) if artifact.is_dir() else ()
    return sorted({int(found[2]) for name in names if (found := _SHARD.fullmatch(name))})


def shards_in(artifact: Path) -> list[Path]:
    """Return the directories of shards that there are, in order."""
    found = artifact.iterdir() if artifact.is_dir() else ()
    return sorted(path for path in found if _SHARD.fullmatch(path.name))


def part(number: int) -> str:
    """Return the file of so many samples: a shard is a number of parts, the first one is 0."""
    return f"part-{number:05d}.parquet"


def part_number(name: str) -> int | None:
    """Return which part a file is, None for any other file."""
    return _number(_PART, name)


def parts(names: Iterable[str]) -> list[str]:
    """Return the parts among some files, in order."""
    numbers = (part_number(name) for name in names)
    return [part(number) for number in sorted(number for number in numbers if number is not None)]


def parts_in(directory: Path) -> list[Path]:
    """Return the parts in a directory, in order; there may be no such directory yet."""
    names = (path.name for path in directory.iterdir()) if directory.exists() else ()
    return [directory / name for name in parts(names)]


def step(number: int) -> str:
    """Return the directory of what training wrote after this step."""
    return f"step-{number:06d}"


def step_number(name: str) -> int | None:
    """Return after which step a directory was written, None for any other name."""
    return _number(_STEP, name)


def export(artifact: str, number: int | None = None) -> str:
    """Return where a training's artifact has the model that it exported at its end, or after a step before that."""
    return f"{artifact}/{EXPORT}" if number is None else f"{artifact}/{EXPORTS}/{step(number)}"


def builtin_template(form: str) -> str:
    """Return how a config names a template that the package ships."""
    return f"{_BUILTIN}{form.lower()}"


def is_builtin_template(template: str) -> bool:
    """Tell whether a template is one that the package ships, and not a file of the workspace."""
    return template.startswith(_BUILTIN)


def _number(pattern: re.Pattern[str], name: str) -> int | None:
    found = pattern.fullmatch(name)
    return int(found[1]) if found else None
