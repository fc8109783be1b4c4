"""How fast and how frugal the operator is: N experiments at once on a real control plane, with pods that end at once.

    python benchmarks/operator_scale.py --resources 100

Prints what it does, and as its last line one JSON object. Nothing is shared between the experiments (each has a claim
of its own), so every stage is a Job. Pods are played: what is measured is the operator, its process and its requests.
"""

import argparse
import asyncio
import json
import re
import statistics
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

import aiohttp

sys.path.insert(0, str(Path(__file__).parents[1] / "tests" / "support"))

from cluster_kubelet import Kubelet
from cluster_process import OperatorProcess, nodes_at_work
from controlplane import definitions
from controlplane.plane import ControlPlane
from ssd_operator import naming
from ssd_operator.cluster import Api, connect
from ssd_operator.cluster.kinds import KINDS

NAMESPACE = "bench"
CRDS = Path(__file__).parents[1] / "crds"
WRITES = ("POST", "PUT", "PATCH", "DELETE")
STAGES = 9
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

    async def follow(self, api: Api) -> None:
        """Watch the Jobs, on a connection of its own."""
        transport = api._transport  # noqa: SLF001 - the operator itself watches through kopf and needs no stream
        query = [("watch", "true")]
        _, url, headers, *_ = await transport.param_serialize(
            "GET", KINDS["Job"].path(NAMESPACE), query_params=query, auth_settings=["BearerToken"]
        )
        session = transport.rest_client._create_pool_manager()  # noqa: SLF001 - with the same credentials
        forever = aiohttp.ClientTimeout(total=None)
        async with session, session.get(url, headers=headers, timeout=forever) as answer:
            async for line in answer.content:
                self._note(json.loads(line)["object"])

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


async def main(n: int) -> dict[str, Any]:
    """Run the benchmark and return what it found."""
    with tempfile.TemporaryDirectory(prefix="ssd-") as folder, ControlPlane(Path(folder)) as plane:
        definitions.install(plane.kubectl, sorted(CRDS.glob("*.yaml")))
        plane.start_controllers()
        plane.kubectl("create", "namespace", NAMESPACE)
        api = await connect(plane.kubeconfig)
        try:
            return await measure(plane, api, n, Path(folder))
        finally:
            await api.close()


async def measure(plane: ControlPlane, api: Api, n: int, folder: Path) -> dict[str, Any]:
    """Carry n resources to their end, then start the operator again and see how long it takes to know all of them."""
    kubelet, watcher = Kubelet(api, NAMESPACE), Watcher()
    operator = OperatorProcess(plane.kubeconfig, folder / "log", namespaces=NAMESPACE, leader_election="false")
    await scraped(operator)
    say(f"applying {n} experiments")
    started = time.monotonic()
    await asyncio.gather(*(apply(api, f"bench-{number}") for number in range(n)))
    following = asyncio.create_task(watcher.follow(api))
    async with nodes_at_work(kubelet, every_s=0.2):
        succeeded = await finished(api, n)
    total = time.monotonic() - started
    following.cancel()
    page = await scraped(operator)
    rss = memory_mb(operator.process.pid)
    operator.kill()
    say("starting the operator again")
    cold = await cold_start(operator, n)
    operator.kill()
    writes = sum(value for verb in WRITES for value in values(page, "ssd_api_requests_total", f'verb="{verb}"'))
    progress = sum(values(page, "ssd_progress_writes_total", ""))
    duplicates = len(kubelet.workspace.twice()) + len(watcher.made) - n * STAGES
    return {
        "n": n,
        "succeeded": succeeded,
        "total_s": round(total, 1),
        "cold_start_s": round(cold, 1),
        "p95_next_job_s": round(statistics.quantiles(watcher.delays(), n=20)[-1], 2),
        "writes_per_stage": round((writes - progress) / (n * STAGES), 2),
        "progress_writes_per_stage": round(progress / (n * STAGES), 2),
        "rss_mb": round(rss),
        "duplicates": duplicates,
    }


async def apply(api: Api, name: str) -> None:
    """Make an experiment with a claim of its own."""
    spec = {"accessModes": ["ReadWriteMany"], "resources": {"requests": {"storage": "1Gi"}}}
    claim = {"apiVersion": "v1", "kind": "PersistentVolumeClaim", "spec": spec}
    await api.create({**claim, "metadata": {"name": name, "namespace": NAMESPACE}})
    await api.create(
        {
            "apiVersion": f"{naming.GROUP}/{naming.VERSION}",
            "kind": naming.KIND,
            "metadata": {"name": name, "namespace": NAMESPACE},
            "spec": {"preset": "toy", "storage": {"claimName": name}},
        }
    )


async def finished(api: Api, n: int) -> int:
    """Wait until every experiment has ended, and return how many succeeded."""
    while True:
        phases = [raw.get("status", {}).get("phase") async for raw in api.list(naming.KIND, NAMESPACE)]
        if sum(phase in ("Succeeded", "Failed") for phase in phases) == n:
            return phases.count("Succeeded")
        await asyncio.sleep(1)


async def cold_start(operator: OperatorProcess, n: int) -> float:
    """Return the seconds from the start of the process until it has looked at every resource."""
    started = time.monotonic()
    operator.start()
    while True:
        if sum(values(await scraped(operator), "ssd_reconcile_duration_seconds_count", "")) >= n:
            return time.monotonic() - started
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


def memory_mb(pid: int) -> float:
    """Return the most memory that a process has had."""
    text = Path(f"/proc/{pid}/status").read_text(encoding="utf-8")
    return int(re.search(r"VmHWM:\s+(\d+)", text)[1]) / 1024  # type: ignore[index]


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--resources", type=int, default=100, help="experiments at once")
    print(json.dumps(asyncio.run(main(parser.parse_args().resources))))
