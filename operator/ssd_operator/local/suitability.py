"""What prepare would refuse of the base model, and what that needs, where its config is on this machine already.

The config is in what prepare made, in the directory that the spec names, or in the cache of the hub's library. Where
there is none, or none that can be read, prepare finds out.
"""

import json
import os
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path
from typing import Any

from ssd_jobs import contract
from ssd_jobs.contract import demands, estimates, files
from ssd_operator.errors import InvalidSpec, Problem
from ssd_operator.plan import Graph

__all__ = ["check", "known", "needs"]


def check(graph: Graph, workspace: Path) -> None:
    """Refuse an experiment whose model, as far as it is here, cannot do what the spec asks of it."""
    for config in (node.config for node in graph):
        if isinstance(config, contract.PrepareConfig):
            settings = known(config, workspace)
            problems = [Problem("", sentence) for sentence in _refusals(settings, config)] if settings else []
            if problems:
                raise InvalidSpec(problems)


def needs(graph: Graph, workspace: Path) -> list[str]:
    """Return what the experiment needs of memory and disk, in sentences."""
    found: list[str] = []
    for config in (node.config for node in graph):
        if isinstance(config, contract.PrepareConfig):
            settings, where = known(config, workspace), config.execution
            found += (
                estimates.sentences(settings, config.demands, where.gpus, where.hardware)
                if settings
                else [estimates.UNKNOWN]
            )
    return found


def known(config: contract.PrepareConfig, workspace: Path) -> dict[str, Any] | None:
    """Return the model's config, None where it is not on this machine."""
    return next(filter(None, map(_settings, _places(config, workspace))), None)


def _refusals(settings: dict[str, Any], config: contract.PrepareConfig) -> Iterator[str]:
    yield from demands.refusals(settings, config.demands, config.execution.gpus)
    yield from estimates.excesses(settings, config.demands, config.execution.hardware)


def _places(config: contract.PrepareConfig, workspace: Path) -> Iterator[Path]:
    """Yield where the model's directory may be."""
    part = config.model
    if (workspace / part.output / files.MANIFEST).is_file():
        yield workspace / part.output
    match part.science.source:
        case contract.PathModel(path=path):
            yield workspace / path
        case contract.ExportedModel(path=path):
            yield workspace / files.export(path)
        case contract.HuggingFaceModel(repo=repo, revision=revision):
            yield from _cached(repo, revision)


def _cached(repo: str, revision: str) -> Iterator[Path]:
    """Yield the snapshot that the hub's library has of a revision; a branch is a file that names its commit."""
    home = Path(os.environ.get("HF_HOME") or Path.home() / ".cache" / "huggingface")
    cache = Path(os.environ.get("HF_HUB_CACHE") or home / "hub") / f"models--{repo.replace('/', '--')}"
    with suppress(OSError, ValueError):
        yield cache / "snapshots" / (cache / "refs" / revision).read_text(encoding="utf-8").strip()
    yield cache / "snapshots" / revision


def _settings(directory: Path) -> dict[str, Any]:
    """Return a model's config, nothing where there is none."""
    with suppress(OSError, ValueError):
        found = json.loads((directory / files.MODEL_CONFIG).read_text(encoding="utf-8"))
        return found if isinstance(found, dict) else {}
    return {}
