"""What runs that are over cost the operator: memory, a cold start, and requests at each comparison with the API server.

    python benchmarks/operator_finished.py --finished 10000

Prints as its last line one JSON object. One experiment is carried to its end; the others are copies of it, with its
status, as runs of last month are.
"""

import argparse
import asyncio
import json
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).parents[1]))
sys.path.insert(0, str(Path(__file__).parents[1] / "tests" / "support"))

from benchmarks import operator_scale as scale
from cluster.kubelet_process import KubeletProcess
from cluster.process import OperatorProcess
from controlplane import definitions
from controlplane.plane import ControlPlane
from ssd_operator import naming
from ssd_operator.cluster import Api, connect

AT_ONCE = 16
RESYNC_S = 30


async def main(count: int) -> dict[str, Any]:
    """Run the benchmark and return what it found."""
    with tempfile.TemporaryDirectory(prefix="ssd-") as folder, ControlPlane(Path(folder)) as plane:
        definitions.install(plane.kubectl, sorted(scale.CRDS.glob("*.yaml")))
        plane.start_controllers()
        plane.kubectl("create", "namespace", scale.NAMESPACE)
        api = await connect(plane.kubeconfig)
        try:
            await one(plane, api, Path(folder))
            await copies(api, count - 1)
            return await measure(plane, count, Path(folder))
        finally:
            await api.close()


async def one(plane: ControlPlane, api: Api, folder: Path) -> None:
    """Carry one experiment to its end."""
    nodes = KubeletProcess(plane.kubeconfig, scale.NAMESPACE)
    operator = OperatorProcess(plane.kubeconfig, folder / "log", namespaces=scale.NAMESPACE, leader_election="false")
    nodes.start()
    await scale.apply(api, "bench-0")
    await scale.ended(operator, 1)
    operator.kill()
    nodes.stop()


async def copies(api: Api, count: int) -> None:
    """Make runs that are over as the first one is."""
    first = await api.get(naming.KIND, scale.NAMESPACE, "bench-0")
    scale.say(f"making {count} finished experiments")
    numbers = iter(range(1, count + 1))

    async def make() -> None:
        for number in numbers:
            metadata = {"name": f"bench-{number}", "namespace": scale.NAMESPACE}
            body = {"apiVersion": naming.API_VERSION, "kind": naming.KIND, "metadata": metadata, "spec": first["spec"]}
            made = await api.create(body)
            await api.replace_status({**made, "status": first["status"]})

    await asyncio.gather(*(make() for _ in range(AT_ONCE)))


async def measure(plane: ControlPlane, count: int, folder: Path) -> dict[str, Any]:
    """Start the operator among them, and let it compare twice."""
    settings = {"namespaces": scale.NAMESPACE, "leader_election": "false", "resync_s": str(RESYNC_S)}
    started = time.monotonic()
    operator = OperatorProcess(plane.kubeconfig, folder / "log", **settings)
    await scale.ended(operator, count)
    cold, used = time.monotonic() - started, scale.cpu_s(operator.process.pid)
    await asyncio.sleep(RESYNC_S)
    before = requests(await scale.scraped(operator))
    await asyncio.sleep(2 * RESYNC_S)
    after = requests(await scale.scraped(operator))
    found = {
        "finished": count,
        "cold_start_s": round(cold, 1),
        "cold_start_cpu_s": round(used, 1),
        "requests_per_resync": round((after - before) / 2, 1),
        "rss_mb": round(scale.memory_mb(operator.process.pid)),
    }
    operator.kill()
    return found


def requests(page: str) -> float:
    """Return how many requests the operator has sent."""
    return sum(scale.values(page, "ssd_api_requests_total", ""))


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--finished", type=int, default=10_000, help="experiments that are over")
    print(json.dumps(asyncio.run(main(parser.parse_args().finished))))
