"""Sending metrics so that a second sending changes nothing.

Stages append to `metrics.jsonl`; a resumed stage may have sent a part of it already. Only points that the server
does not have are sent, with their original steps and times.
"""

import json
import math
from collections import defaultdict
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

from ssd_jobs import contract
from ssd_jobs.artifacts import lines
from ssd_jobs.errors import BadInput, first_line
from ssd_jobs.tracking import runs, server

if TYPE_CHECKING:
    from mlflow import MlflowClient
    from mlflow.entities import Run

__all__ = ["Point", "read_points", "replay", "send"]

BATCH = 1000


class Point(NamedTuple):
    """One value of one metric."""

    key: str
    value: float
    step: int
    time_ms: int


def replay(
    tracking: contract.Tracking, stage_name: str, metrics_path: Path, *, client: "MlflowClient | None" = None
) -> int:
    """Send the file's points that the stage's run does not have; return how many were sent."""
    points = read_points(metrics_path)
    client = client or server.connect(tracking.uri)
    with server.reaching(tracking.uri):
        experiment_id = runs.experiment(client, tracking)
        parent_id = runs.parent_run(client, tracking, experiment_id)
        run_id = runs.child_run(client, tracking, experiment_id, parent_id, stage_name)
        return send(client, client.get_run(run_id), points)


def send(client: "MlflowClient", run: "Run", points: Sequence[Point]) -> int:
    """Send the points that this run does not have yet; return how many there were."""
    from mlflow.entities import Metric

    run_id, latest = run.info.run_id, run.data.metrics
    by_key: dict[str, list[Point]] = defaultdict(list)
    for point in dict.fromkeys(points):
        by_key[point.key].append(point)
    missing = [point for key, each in by_key.items() for point in _missing(client, run_id, each, latest.get(key))]
    for start in range(0, len(missing), BATCH):
        batch = [Metric(each.key, each.value, each.time_ms, each.step) for each in missing[start : start + BATCH]]
        client.log_batch(run_id, metrics=batch)
    return len(missing)


def read_points(path: Path) -> list[Point]:
    """Read a stage's metrics; a broken line is named, a last one that was cut by a kill is left out."""
    try:
        text = lines.whole(path.read_bytes()).decode()
    except FileNotFoundError:
        return []
    return list(_points(path, text))


def _points(path: Path, text: str) -> Iterator[Point]:
    for number, line in enumerate(text.split("\n"), start=1):
        if not line.strip():
            continue
        try:
            row = json.loads(line)
            yield Point(str(row["key"]), float(row["value"]), int(row["step"]), int(row["time_ms"]))
        except (ValueError, KeyError, TypeError) as error:
            raise BadInput(
                f"{path}:{number}: is no metric ({type(error).__name__}: {first_line(error)}); "
                f"remove the line or run its stage again"
            ) from None


def _missing(client: "MlflowClient", run_id: str, points: Sequence[Point], latest: float | None) -> Sequence[Point]:
    """Return the points of one metric that the server lacks, asking for its history only when that can matter."""
    if latest is None:
        return points
    if len(points) == 1 and _same(points[0].value, latest):
        return []
    history = client.get_metric_history(run_id, points[0].key)
    known = {_identity(Point(each.key, each.value, each.step, each.timestamp)) for each in history}
    return [point for point in points if _identity(point) not in known]


def _same(one: float, other: float) -> bool:
    """Compare two values; NaN equals NaN."""
    return one == other or (math.isnan(one) and math.isnan(other))


def _identity(point: Point) -> tuple[int, int, str]:
    """Return what makes two points the same; NaN equals NaN."""
    return point.step, point.time_ms, "nan" if math.isnan(point.value) else repr(point.value)
