"""The chart's dashboard over a played fleet: `python -m prometheus.dashboard FILE` draws its panels into a picture.

Grafana is on no registry that this project may use, so this is how the panels are looked at: each query as a real
Prometheus answers it, at the panel's own place. `$__rate_interval` is what Grafana makes of it for a value a minute.
"""

import json
import sys
import tempfile
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from typing import Any

from cluster import helm
from cluster.model import START, Cluster
from prometheus.fleet import Fleet, Worker
from prometheus.server import Prometheus, serving

__all__ = ["Panel", "panels", "played"]

RATE = "4m"
MINUTES = 150


@dataclass(frozen=True)
class Panel:
    """One panel: what it asks, and where it stands."""

    title: str
    queries: tuple[str, ...]
    names: tuple[str, ...]
    """What Grafana calls the series of a query."""
    unit: str
    place: tuple[int, int, int, int]
    """Left edge, top, width and height."""


def panels() -> Iterator[Panel]:
    """Yield the panels of the chart's dashboard."""
    document = json.loads((helm.CHART / "files" / "dashboard.json").read_text(encoding="utf-8"))
    for each in document["panels"]:
        place = each["gridPos"]
        yield Panel(
            each["title"],
            tuple(target["expr"].replace("$__rate_interval", RATE) for target in each["targets"]),
            tuple(target["legendFormat"] for target in each["targets"]),
            each["fieldConfig"]["defaults"].get("unit", ""),
            (place["x"], place["y"], place["w"], place["h"]),
        )


def played() -> dict[str, str]:
    """Return what operator and workers say of two runs: one goes well, of the other a stage fails again and again."""
    good, bad = Cluster(), Cluster()
    fleet, worker = Fleet(good, bad), Worker("good", "train")
    for run in (good, bad):
        run.settle()
    for minute in fleet.minutes(MINUTES):
        for number, run in enumerate((good, bad)):
            for job in run.live():
                if minute % 12 == 11 + number - 1:
                    run.end(job.name, ending="Failed" if run is bad and minute > 60 else "Complete", code=75 * number)
        fleet.metrics.reconcile.observe(0.02 + 0.01 * (minute % 7))
        fleet.metrics.answers.observe(0.05 + 0.02 * (minute % 7))
        fleet.metrics.request("GET", 200)
        fleet.metrics.request("PATCH", 409 if minute % 9 == 0 else 200)
        fleet.metrics.errors.inc(float(minute % 50 == 0))
        worker.says(
            done=minute, total=MINUTES, unit="steps", tokens_per_s=9000.0 + minute, loss=2.0 / (1 + minute / 50)
        )
    return fleet.series() | worker.series()


def main(target: Path) -> None:
    """Draw the picture."""
    import matplotlib as mpl

    mpl.use("Agg")
    from matplotlib import pyplot as plt

    found = list(panels())
    rows = max(each.place[1] + each.place[3] for each in found)
    figure = plt.figure(figsize=(16, rows / 2))
    grid = figure.add_gridspec(rows, 24, hspace=6.0, wspace=3.0)
    with tempfile.TemporaryDirectory() as scratch, serving(Path(scratch), played(), START) as prometheus:
        for each in found:
            left, top, width, height = each.place
            _draw(figure.add_subplot(grid[top : top + height, left : left + width]), each, prometheus)
    figure.savefig(target, dpi=80, bbox_inches="tight")


def _draw(axes: Any, panel: Panel, prometheus: Prometheus) -> None:
    """Draw one panel: every series of its queries over time."""
    for query, name in zip(panel.queries, panel.names, strict=True):
        for labels, values in prometheus.asked(query).items():
            times = [START + timedelta(seconds=at - START.timestamp()) for at, _ in values]
            axes.plot(times, [value for _, value in values], label=labels or name)
    axes.set_title(f"{panel.title} ({panel.unit})", fontsize=9, loc="left")
    axes.tick_params(labelsize=7)
    axes.legend(fontsize=6, frameon=False, loc="upper left")


if __name__ == "__main__":
    main(Path(sys.argv[1]))
