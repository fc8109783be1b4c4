"""What choosing decode settings costs: the most tokens that a sweep can take, as `ssd plan` says it."""

import json
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

from ssd_jobs import contract
from ssd_jobs.contract import files
from ssd_operator.plan import Graph

__all__ = ["prepared_problems", "sentences"]

PHASES = {"Select": "select problems", "Report": "report problems"}


def sentences(graph: Graph, workspace: Path) -> list[str]:
    """Return a sentence per benchmark with a sweep."""
    found: dict[str, list[contract.GenerateConfig]] = {}
    for node in graph.of(contract.GenerateConfig):
        config = node.config
        if isinstance(config, contract.GenerateConfig) and (config.purpose == "Select" or config.selection):
            found.setdefault(config.benchmark, []).append(config)
    return [f"sweep of {name}: " + "; ".join(_terms(configs, workspace)) for name, configs in found.items()]


def _terms(configs: list[contract.GenerateConfig], workspace: Path) -> Iterator[str]:
    """Yield what is generated on select problems, and on report problems at the chosen settings."""
    for purpose, words in PHASES.items():
        of = [config for config in configs if config.purpose == purpose]
        if not of:
            continue
        settings = len(of[0].settings) if purpose == "Select" else 1
        science = of[0].science
        each = len(of) * settings * science.samples_per_problem * science.max_sequence_tokens
        known = prepared_problems(workspace / of[0].prompts)
        many = "settings" if settings > 1 else "chosen setting"
        yield (
            f"{len(of)} arms x {settings} {many} x {science.samples_per_problem} samples on "
            + (f"{known} {words}: at most {known * each:,} tokens" if known is not None else
               f"{words}, whose number is unknown until prepare: at most {each:,} tokens each")
        )  # fmt: skip


def prepared_problems(directory: Path) -> int | None:
    """Return how many problems prepare has found, None before it has."""
    with suppress(OSError, ValueError, KeyError, TypeError):
        return int(json.loads((directory / files.MANIFEST).read_text(encoding="utf-8"))["counts"]["problems"])
    return None
