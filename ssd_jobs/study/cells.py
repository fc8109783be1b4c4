"""The cells of a study: runs of one recipe are replicates of one cell, and a cell is called by what makes it differ."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from ssd_jobs.errors import BadInput
from ssd_jobs.study.runs import Run

__all__ = ["StudyCell", "cells"]

SECTIONS = ("model", "prompts", "sampling", "curation", "training", "evaluation")
SEEDS = {("sampling", "seed"), ("training", "seed")}
"""All that replicates differ in."""
EXECUTION = {"pod", "gradePod", "shards", "gradeShards", "nodes", "gpusPerNode", "gpusPerShard"}
"""What changes no number."""
Path = tuple[str, ...]
ROUND: Path = ("round",)
STARTS: tuple[Path, ...] = (("model", "source"), ("prompts", "skip"))
"""What the rounds of a chain differ in beside their numbers, which tell it."""


@dataclass(frozen=True)
class StudyCell:
    """One recipe, and its runs."""

    name: str
    runs: tuple[Run, ...]


def cells(runs: Sequence[Run]) -> list[StudyCell]:
    """Return the cells in the order of their first runs."""
    found: dict[tuple[tuple[Path, str], ...], list[Run]] = {}
    for run in runs:
        replicates = found.setdefault(tuple(sorted(_recipe(run).items())), [])
        replicates.append(run)
        if not np.array_equal(run.counts.base, replicates[0].counts.base):
            raise BadInput(
                f"{run.directory}: is a replicate of {replicates[0].directory}, but its base has other verdicts; "
                f"compare runs whose base was evaluated once"
            )
    recipes = [dict(each) for each in found]
    differing = sorted({path for each in recipes for path in each if len({one.get(path) for one in recipes}) > 1})
    if ROUND in differing:
        differing = [path for path in differing if not any(path[: len(one)] == one for one in STARTS)]
    named = [", ".join(f"{'.'.join(path)} {each.get(path, 'unset')}" for path in differing) for each in recipes]
    return [
        StudyCell(name or several[0].document.experiment, tuple(several))
        for name, several in zip(named, found.values(), strict=True)
    ]


def _recipe(run: Run) -> dict[Path, str]:
    """Return every field that decides the numbers, besides the seeds."""
    sections = {name: run.spec[name] for name in SECTIONS if run.spec.get(name) is not None}
    found = {path: str(value) for path, value in _leaves(sections) if path not in SEEDS}
    return found | ({ROUND: str(run.spec["round"]["number"])} if run.spec.get("round") else {})


def _leaves(value: Mapping[str, Any], before: Path = ()) -> Iterator[tuple[Path, object]]:
    for name, each in value.items():
        if name in EXECUTION:
            continue
        if isinstance(each, Mapping):
            yield from _leaves(each, (*before, name))
        else:
            yield (*before, name), each
