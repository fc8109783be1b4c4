"""How far a running stage is: what its processes last wrote, added up."""

import json
from dataclasses import dataclass
from pathlib import Path

from ssd_jobs.contract import files
from ssd_jobs.contract.progress import LEFT, MEGABYTES
from ssd_operator.local import cache
from ssd_operator.plan import Node

__all__ = ["Progress", "read"]

SUMMED = ("tokens_per_s", "output_tokens_per_s", "prompt_tokens_per_s")


@dataclass(frozen=True)
class Progress:
    """The work of a stage, over all its processes."""

    done: float
    total: float
    unit: str
    values: dict[str, float]
    """Other current values, such as `loss`; rates are summed over processes."""
    left_s: float = 0.0
    """Of the process that needs longest; 0 while none can tell."""

    @property
    def text(self) -> str:
        """Say it in a few words; a process that has nothing to count yet says what it does."""
        return f"{self.done:g}/{self.total:g} {self.unit}" if self.total else self.unit


def read(workspace: Path, node: Node) -> Progress | None:
    """Return a stage's progress, or None when nothing was said yet."""
    snapshots = [newest for shard in _shards(workspace, node) if (newest := _newest(shard)) is not None]
    if not snapshots:
        return None
    counting = [each for each in snapshots if _number(each, "total")] or snapshots
    counting = [each for each in counting if not _unit(each).startswith(f"{MEGABYTES} ")] or counting
    counting = [each for each in counting if _unit(each) == _unit(counting[0])]
    values: dict[str, float] = {}
    for snapshot in snapshots:
        for name, value in snapshot.items():
            if isinstance(value, int | float) and name not in ("done", "total", LEFT):
                values[name] = values.get(name, 0.0) + value if name in SUMMED else float(value)
    return Progress(
        done=sum(_number(snapshot, "done") for snapshot in counting),
        total=sum(_number(snapshot, "total") for snapshot in counting),
        unit=_unit(counting[0]),
        values=values,
        left_s=max(_number(snapshot, LEFT) for snapshot in counting),
    )


def _shards(workspace: Path, node: Node) -> list[list[Path]]:
    """Return, for each shard, the directories it may be written to."""
    columns = [cache.directories(workspace, artifact) for artifact in cache.made_by(workspace, node)]
    width = max(map(len, columns), default=0)
    return [[column[index] for column in columns if index < len(column)] for index in range(width)]


def _newest(directories: list[Path]) -> dict[str, object] | None:
    """Return what was said last in any of these directories."""
    written: list[tuple[float, Path]] = []
    for directory in directories:
        file = directory / files.PROGRESS
        try:
            written.append((file.stat().st_mtime, file))
        except OSError:
            continue
    if not written:
        return None
    try:
        document = json.loads(max(written)[1].read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return None
    return document if isinstance(document, dict) else None


def _unit(snapshot: dict[str, object]) -> str:
    """Return what a process counts."""
    return str(snapshot.get("unit", ""))


def _number(snapshot: dict[str, object], name: str) -> float:
    """Return a number, 0 when it is missing."""
    value = snapshot.get(name, 0)
    return float(value) if isinstance(value, int | float) else 0.0
