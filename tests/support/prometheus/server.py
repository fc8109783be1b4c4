"""A real Prometheus that has series from the start: promtool writes them as blocks, and the server is asked over HTTP.

Both programs are of Debian's package `prometheus`; nothing is scraped and nothing is installed.
"""

import json
import subprocess
import time
import urllib.parse
import urllib.request
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from controlplane.errors import Unavailable
from processes.ports import free_port
from prometheus.fleet import MISSING
from prometheus.promtool import promtool

__all__ = ["Prometheus", "serving"]

PATIENCE_S = 120
STEP_S = 60


@dataclass(frozen=True)
class Prometheus:
    """A server that answers for one span of time."""

    port: int
    begin: float
    end: float

    def asked(self, query: str) -> dict[str, list[tuple[float, float]]]:
        """Return the series of a query by their labels, a value a minute."""
        parameters = {"query": query, "start": self.begin, "end": self.end, "step": STEP_S}
        address = f"http://127.0.0.1:{self.port}/api/v1/query_range?{urllib.parse.urlencode(parameters)}"
        with urllib.request.urlopen(address, timeout=PATIENCE_S) as answer:
            found = json.load(answer)["data"]["result"]
        return {
            ", ".join(each["metric"].values()): [(float(at), float(value)) for at, value in each["values"]]
            for each in found
        }


@contextmanager
def serving(folder: Path, series: Mapping[str, str], begin: datetime) -> Iterator[Prometheus]:
    """Serve series whose values are a minute apart, as `Fleet.series` returns them."""
    minutes = max(len(values.split()) for values in series.values())
    text = folder / "series.txt"
    text.write_text("".join(f"{line}\n" for line in _lines(series, begin.timestamp())) + "# EOF\n")
    blocks = [str(promtool()), "tsdb", "create-blocks-from", "openmetrics", str(text), str(folder / "data")]
    subprocess.run(blocks, check=True, capture_output=True)
    (folder / "prometheus.yaml").write_text("scrape_configs: []\n")
    port = free_port()
    command = [str(promtool().with_name("prometheus")), f"--config.file={folder / 'prometheus.yaml'}"]
    command += [f"--storage.tsdb.path={folder / 'data'}", "--storage.tsdb.retention.time=100y"]
    with (folder / "prometheus.log").open("w") as log:
        process = subprocess.Popen([*command, f"--web.listen-address=127.0.0.1:{port}"], stdout=log, stderr=log)
    try:
        _wait(port, process)
        yield Prometheus(port, begin.timestamp(), begin.timestamp() + STEP_S * (minutes - 1))
    finally:
        process.terminate()
        process.wait()


def _lines(series: Mapping[str, str], begin: float) -> Iterator[str]:
    """Yield a line for each value, as OpenMetrics has it."""
    for name, values in series.items():
        for minute, value in enumerate(values.split()):
            if value != MISSING:
                yield f"{name} {value} {begin + STEP_S * minute:.0f}"


def _wait(port: int, process: "subprocess.Popen[bytes]") -> None:
    """Return when the server answers."""
    end = time.monotonic() + PATIENCE_S
    while time.monotonic() < end and process.poll() is None:
        with suppress(OSError), urllib.request.urlopen(f"http://127.0.0.1:{port}/-/ready", timeout=PATIENCE_S):
            return
        time.sleep(0.1)
    raise Unavailable("prometheus does not answer; its last words are in prometheus.log beside its data")
