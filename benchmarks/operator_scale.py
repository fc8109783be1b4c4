"""How fast and how frugal the operator is: N experiments at once on a real control plane, with pods that end at once.

    python benchmarks/operator_scale.py --resources 100
    python benchmarks/operator_scale.py --resources 1000 --hold

Prints what it does, and as its last line one JSON object. Nothing is shared between the experiments (each has a claim
of its own), so every stage is a Job. Pods are played, by a process of their own: what is measured is the operator, its
process and its requests. The seconds of CPU of everyone who takes part are printed too, since all share one machine.

With `--hold` sampling and generation run on, so that every experiment stands in the middle with three Jobs.
"""

import argparse
import asyncio
import json
import math
import os
import re
import statistics
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

import aiohttp

sys.path.insert(0, str(Path(__file__).parents[1] / "tests" / "support"))

from cluster.kubelet_process import KubeletProcess
from cluster.process import OperatorProcess
from cluster.watch import watch
from controlplane import definitions
from controlplane.plane import ControlPlane
from ssd_operator import naming
from ssd_operator.cluster import Api, connect

NAMESPACE = "bench"
CRDS = Path(__file__).parents[1] / "crds"
WRITES = ("POST", "PUT", "PATCH", "DELETE")
UNSWEPT = {"name": "toy", "sweep": []}
"""The preset's benchmark without a choice of settings, so that a run has the stages that it always had here."""
STAGES = 9
HELD = ("sample", "generate")
UPSTREAM = {
    "sample": "prepare",
    "curate": "sample",
    "train": "curate",
    "generate-base-toy": "prepare",
    "generate-candidate-toy": "train",
    "grade-base-toy": "generate-base-toy",
    "grade-candidate-toy": "generate-candidate-toy",
}
"""Stages with one stage before them: the time between the two is the operator's."""


def say(text: str) -> None:
    """Tell what happens."""
    print(text, file=sys.stderr, flush=True)


class Watcher:
    """Notes when Jobs appear and when they complete."""

    def __init__(self) -> None:
        self.made: dict[tuple[str, str], float] = {}
        self.done: dict[tuple[str, str], float] = {}

    async def follow(self, kubeconfig: Path) -> None:
        """Watch the Jobs, on a connection of its own."""
        async for raw in watch(kubeconfig, "Job", NAMESPACE):
            self._note(raw)

    def _note(self, raw: dict[str, Any]) -> None:
        labels, now = raw["metadata"]["labels"], time.monotonic()
        place = (labels[naming.LABEL_EXPERIMENT], labels[naming.LABEL_STAGE])
        self.made.setdefault(place, now)
        if raw.get("status", {}).get("completionTime"):
            self.done.setdefault(place, now)

    def delays(self) -> list[float]:
        """Return the seconds from a Job's end to the next Job."""
        pairs = [(place, (place[0], UPSTREAM[place[1]])) for place in self.made if place[1] in UPSTREAM]
        return [max(self.made[place] - self.done[before], 0.0) for place, before in pairs if before in self.done]


async def main(n: int, *, hold: bool) -> dict[str, Any]:
    """Run the benchmark and return what it found."""
    with tempfile.TemporaryDirectory(prefix="ssd-") as folder, ControlPlane(Path(folder)) as plane:
        definitions.install(plane.kubectl, sorted(CRDS.glob("*.yaml")))
        plane.start_controllers()
        plane.kubectl("create", "namespace", NAMESPACE)
        api = await connect(plane.kubeconfig)
        try:
            return await measure(plane, api, n, Path(folder), hold=hold)
        finally:
            await api.close()


async def measure(plane: ControlPlane, api: Api, n: int, folder: Path, *, hold: bool) -> dict[str, Any]:
    """Carry n resources as far as they shall go, then start the operator again and see when it knows all of them."""
    watcher, nodes = Watcher(), KubeletProcess(plane.kubeconfig, NAMESPACE, held=HELD if hold else ())
    operator = OperatorProcess(plane.kubeconfig, folder / "log", namespaces=NAMESPACE, leader_election="false")
    await scraped(operator)
    pids = {"operator": operator.process.pid, "nodes": nodes.start(), "benchmark": os.getpid()}
    pids |= {name: server.pid for name, server in plane.servers.items() if server.pid}
    jobs = n * (3 if hold else STAGES)
    say(f"applying {n} experiments")
    started = time.monotonic()
    following = asyncio.create_task(watcher.follow(plane.kubeconfig))
    await asyncio.gather(*(apply(api, f"bench-{number}") for number in range(n)))
    await (held(operator, watcher, jobs) if hold else ended(operator, n))
    total = time.monotonic() - started
    page, rss = await scraped(operator), memory_mb(operator.process.pid)
    used_s = cpu_s(operator.process.pid)
    say("seconds of CPU: " + ", ".join(f"{name} {cpu_s(pid):.1f}" for name, pid in pids.items()))
    counts = {verb: sum(values(page, "ssd_api_requests_total", f'verb="{verb}"')) for verb in ("GET", *WRITES)}
    say("requests: " + ", ".join(f"{verb} {count:.0f}" for verb, count in counts.items()))
    following.cancel()
    twice = nodes.stop()
    succeeded = [raw["status"]["phase"] async for raw in api.list(naming.KIND, NAMESPACE)].count("Succeeded")
    operator.kill()
    say("starting the operator again")
    cold, used = await cold_start(operator, n)
    say(f"seconds of CPU of the cold start: operator {used:.1f}")
    operator.kill()
    writes = sum(counts[verb] for verb in WRITES)
    progress = sum(values(page, "ssd_progress_writes_total", ""))
    return {
        "n": n,
        "succeeded": succeeded,
        "total_s": round(total, 1),
        "cold_start_s": round(cold, 1),
        "p95_answer_s": round(quantile(page, "ssd_job_end_answer_seconds", 0.95), 2),
        "p95_next_job_s": round(statistics.quantiles(watcher.delays(), n=20)[-1], 2),
        "writes_per_stage": round((writes - progress) / jobs, 2),
        "progress_writes_per_stage": round(progress / jobs, 2),
        "cpu_ms_per_stage": round(1000 * used_s / jobs, 1),
        "rss_mb": round(rss),
        "duplicates": twice + len(watcher.made) - jobs,
    }


async def apply(api: Api, name: str, namespace: str = NAMESPACE) -> None:
    """Make an experiment with a claim of its own."""
    spec = {"accessModes": ["ReadWriteMany"], "resources": {"requests": {"storage": "1Gi"}}}
    claim = {"apiVersion": "v1", "kind": "PersistentVolumeClaim", "spec": spec}
    await api.create({**claim, "metadata": {"name": name, "namespace": namespace}})
    await api.create(
        {
            "apiVersion": f"{naming.GROUP}/{naming.VERSION}",
            "kind": naming.KIND,
            "metadata": {"name": name, "namespace": namespace},
            "spec": {"preset": "toy", "storage": {"claimName": name}, "evaluation": {"benchmarks": [UNSWEPT]}},
        }
    )


async def ended(operator: OperatorProcess, n: int) -> None:
    """Wait until every experiment has ended."""
    while True:
        page = await scraped(operator)
        if sum(sum(values(page, "ssd_runs", f'phase="{phase}"')) for phase in ("Succeeded", "Failed")) == n:
            return
        await asyncio.sleep(0.5)


async def held(operator: OperatorProcess, watcher: Watcher, jobs: int) -> None:
    """Wait until every Job that there will be has been made, and the operator has nothing more to do."""
    while True:
        depth = sum(values(await scraped(operator), "ssd_workqueue_depth", ""))
        if len(watcher.made) >= jobs and not depth:
            return
        await asyncio.sleep(0.5)


async def cold_start(operator: OperatorProcess, n: int) -> tuple[float, float]:
    """Return the seconds, of the clock and of CPU, from a start until every resource has been looked at."""
    started = time.monotonic()
    operator.start()
    while True:
        passes = sum(values(await scraped(operator), "ssd_reconcile_duration_seconds_count", ""))
        if passes >= n:
            return time.monotonic() - started, cpu_s(operator.process.pid)
        await asyncio.sleep(0.05)


async def scraped(operator: OperatorProcess) -> str:
    """Return the operator's metrics, once it serves them."""
    async with aiohttp.ClientSession() as session:
        while True:
            try:
                async with session.get(f"http://127.0.0.1:{operator.port}/metrics") as answer:
                    return await answer.text()
            except aiohttp.ClientError:
                await asyncio.sleep(0.05)


def values(page: str, name: str, label: str) -> list[float]:
    """Return every value of a metric."""
    found = re.findall(rf"^{name}(?:\{{([^}}]*)\}})? (\S+)$", page, re.MULTILINE)
    return [float(value) for labels, value in found if label in labels]


def quantile(page: str, name: str, share: float) -> float:
    """Return a quantile of a histogram, as Prometheus finds it: within a bucket all lie evenly."""
    found = re.findall(rf'^{name}_bucket{{le="([^"]+)"}} (\S+)$', page, re.MULTILINE)
    counts = [(float(most), float(count)) for most, count in found]
    wanted, below, before = share * counts[-1][1], 0.0, 0.0
    for most, count in counts:
        if count >= wanted:
            return most if math.isinf(most) else below + (most - below) * (wanted - before) / max(count - before, 1)
        below, before = most, count
    return 0.0


def memory_mb(pid: int) -> float:
    """Return the most memory that a process has had."""
    text = Path(f"/proc/{pid}/status").read_text(encoding="utf-8")
    return int(re.search(r"VmHWM:\s+(\d+)", text)[1]) / 1024  # type: ignore[index]


def cpu_s(pid: int) -> float:
    """Return the seconds of CPU that a process has used."""
    fields = Path(f"/proc/{pid}/stat").read_text(encoding="utf-8").rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--resources", type=int, default=100, help="experiments at once")
    parser.add_argument("--hold", action="store_true", help="leave them in the middle, with three Jobs each")
    options = parser.parse_args()
    print(json.dumps(asyncio.run(main(options.resources, hold=options.hold))))
