"""Serves a stage's progress as Prometheus metrics, for the operator and for a PodMonitor.

`ssd_progress_done{unit}` and `ssd_progress_total{unit}`, and one gauge per other value that the stage reports:
`ssd_` and the name that `Progress.update` was called with.
"""

import socket
from collections.abc import Iterable

from prometheus_client import CollectorRegistry, start_http_server
from prometheus_client.core import GaugeMetricFamily, Metric
from prometheus_client.registry import Collector

from ssd_jobs.errors import BadInput
from ssd_jobs.progress.recorder import Progress

__all__ = ["serve"]


class ProgressCollector(Collector):
    """Converts the current snapshot into Prometheus metrics at every scrape."""

    def __init__(self, progress: Progress) -> None:
        self._progress = progress

    def collect(self) -> Iterable[Metric]:
        """Return the current values."""
        snapshot = self._progress.snapshot()
        unit = str(snapshot.pop("unit", ""))
        for name, value in snapshot.items():
            if isinstance(value, str):
                continue
            if name in ("done", "total"):
                family = GaugeMetricFamily(f"ssd_progress_{name}", "Units of work.", labels=["unit"])
                family.add_metric([unit], value)
                yield family
            else:
                yield GaugeMetricFamily(f"ssd_{name}", f"Current {name.replace('_', ' ')}.", value=value)


def serve(progress: Progress, port: int) -> None:
    """Start the server in a thread of its own; it ends with the process. Pods may have IPv6 alone."""
    registry = CollectorRegistry()
    registry.register(ProgressCollector(progress))
    try:
        start_http_server(port, addr="::" if socket.has_dualstack_ipv6() else "0.0.0.0", registry=registry)  # noqa: S104
    except OSError as error:
        raise BadInput(
            f"execution.metrics_port: cannot listen on port {port} ({error.strerror}); free it, or give another one"
        ) from None
