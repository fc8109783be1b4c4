"""The files of a data set on the hub that make up one configuration and split."""

import re
from collections.abc import Iterable
from dataclasses import dataclass
from fnmatch import fnmatch
from pathlib import Path
from typing import Any

import yaml
from pydantic import JsonValue

from ssd_jobs.contract import HuggingFaceRows
from ssd_jobs.contract.printable import brief
from ssd_jobs.errors import BadInput
from ssd_jobs.stages.prepare.sources import hub

__all__ = ["Found", "find"]

TABLES = ("*.parquet", "*.jsonl")
HEADER = re.compile(r"\A---\s*\n(.*?)\n---", re.DOTALL)


@dataclass(frozen=True)
class Found:
    """Local files, and the commit that they belong to."""

    files: list[Path]
    facts: dict[str, JsonValue]


def find(source: HuggingFaceRows, *, offline: bool, field: str) -> Found:
    """Resolve the revision, choose the files and fetch them."""
    repository = hub.resolve(source.repo, source.revision, kind="dataset", offline=offline, field=field)
    declared = _declared(repository, source.config, source.split)
    names = [name for name in repository.matching(*TABLES) if _belongs(name, source, declared)]
    if not names:
        raise BadInput(
            f"{field}: {source.repo} has no JSONL or parquet files for config "
            f"{brief(repr(source.config or 'default'))}, split {brief(repr(source.split))}; correct config or split"
        )
    facts: dict[str, JsonValue] = {"repo": source.repo, "revision": source.revision, "commit": repository.commit}
    return Found([repository.fetch(name) for name in names], {**facts, "files": list[JsonValue](names)})


def _belongs(name: str, source: HuggingFaceRows, declared: list[str] | None) -> bool:
    """Return whether a file is part of the split: as the repository declares it, else by its name."""
    if declared is not None:
        # Two stars and a slash stand for any number of folders, none included.
        return any(fnmatch(name, each) for pattern in declared for each in (pattern, pattern.replace("**/", "")))
    directory, _, file = name.rpartition("/")
    if source.config and source.config not in name.split("/"):
        return False
    words = re.split(r"[^A-Za-z0-9]+", f"{directory.rpartition('/')[2]} {file}")
    return source.split in words


def _declared(repository: hub.Repository, config: str, split: str) -> list[str] | None:
    """Return the patterns that the data set's card gives for a config and split, None when it gives none."""
    if "README.md" not in repository.files:
        return None
    header = HEADER.match(repository.fetch("README.md").read_text(encoding="utf-8", errors="replace"))
    try:
        card: Any = yaml.safe_load(header[1]) if header else None
    except (yaml.YAMLError, ValueError, RecursionError):
        return None
    configs = _entries(card.get("configs") if isinstance(card, dict) else None)
    for entry in configs:
        name = entry.get("config_name", "default")
        if name == config or (not config and (name == "default" or entry.get("default") or len(configs) == 1)):
            return list(_patterns(entry.get("data_files"), split))
    return None


def _patterns(data_files: Any, split: str) -> Iterable[str]:
    """Yield the patterns of a split from any of the forms that a card may use."""
    if isinstance(data_files, str):
        yield data_files
    elif isinstance(data_files, list):
        yield from (entry for entry in data_files if isinstance(entry, str))
        for entry in _entries(data_files):
            if entry.get("split") == split:
                path = entry.get("path") or []
                yield from [path] if isinstance(path, str) else path


def _entries(value: Any) -> list[dict[str, Any]]:
    """Return the mappings in a list of a card, which its author may have written in any way."""
    return [entry for entry in value if isinstance(entry, dict)] if isinstance(value, list) else []
