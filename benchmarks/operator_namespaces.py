"""How much memory the operator needs for a long list of namespaces, with the chart's Roles and nothing cluster-wide.

    python benchmarks/operator_namespaces.py --namespaces 200 --resources 2

Prints as its last line one JSON object. Each namespace has its Role and RoleBinding as the chart renders them; the
experiments, of which each has a claim, are carried to their ends in the first namespaces while all are watched.
"""

import argparse
import asyncio
import contextlib
import json
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

import aiohttp
import yaml

sys.path.insert(0, str(Path(__file__).parents[1]))
sys.path.insert(0, str(Path(__file__).parents[1] / "tests" / "support"))


from benchmarks import operator_scale as scale
from cluster import helm
from cluster.kubelet_process import KubeletProcess
from cluster.process import OperatorProcess
from controlplane import definitions
from controlplane.plane import ControlPlane
from ssd_operator.cluster import Api, connect

HOME = "ssd"
LIMIT_MB = 256
QUIET_S = 20.0
"""How long the operator is left alone after the last experiment has ended."""


async def main(count: int, resources: int) -> dict[str, Any]:
    """Run the benchmark and return what it found."""
    names = [f"team-{number:03d}" for number in range(count)]
    with tempfile.TemporaryDirectory(prefix="ssd-") as folder, ControlPlane(Path(folder)) as plane:
        definitions.install(plane.kubectl, sorted(scale.CRDS.glob("*.yaml")))
        plane.start_controllers()
        install(plane, names)
        api = await connect(plane.kubeconfig)
        try:
            return await measure(plane, api, names, resources, Path(folder))
        finally:
            await api.close()


def install(plane: ControlPlane, names: list[str]) -> None:
    """Make the namespaces, and in each what the chart grants there."""
    scale.say(f"making {len(names)} namespaces")
    spaces = [{"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": name}} for name in (HOME, *names)]
    plane.kubectl("apply", "--server-side", manifest=spaces)
    flags = ("--namespace", HOME, "--set", f"watchNamespaces={{{','.join(names)}}}", "--set", "rbac.userRoles=false")
    parts = [part for name in ("rbac", "serviceaccount") for part in ("--show-only", f"templates/{name}.yaml")]
    done = helm.run("template", "ssd", str(helm.CHART), *parts, *flags)
    assert done.returncode == 0, done.stderr
    plane.kubectl("apply", "--server-side", manifest=[each for each in yaml.safe_load_all(done.stdout) if each])


async def measure(plane: ControlPlane, api: Api, names: list[str], resources: int, folder: Path) -> dict[str, Any]:
    """Start the operator, carry the experiments to their ends, and see how much memory it had."""
    kubeconfig = plane.kubeconfig_for_service_account(HOME, "ssd")
    started = time.monotonic()
    operator = OperatorProcess(kubeconfig, folder / "log", namespaces=",".join(names), leader_election="false")
    await listed(operator)
    ready = time.monotonic() - started
    empty = scale.memory_mb(operator.process.pid)
    nodes = [KubeletProcess(plane.kubeconfig, name) for name in names[:resources]]
    for each in nodes:
        each.start()
    await asyncio.gather(*(scale.apply(api, "toy", name) for name in names[:resources]))
    await scale.ended(operator, resources)
    await asyncio.sleep(QUIET_S)
    page = await scale.scraped(operator)
    succeeded = sum(scale.values(page, "ssd_runs", 'phase="Succeeded"'))
    found = {
        "namespaces": len(names),
        "resources": resources,
        "succeeded": int(succeeded),
        "unwatched": int(sum(scale.values(page, "ssd_namespaces_unwatched", ""))),
        "start_s": round(ready, 1),
        "start_cpu_s": round(scale.cpu_s(operator.process.pid), 1),
        "rss_at_start_mb": round(empty),
        "rss_mb": round(scale.memory_mb(operator.process.pid)),
        "limit_mb": LIMIT_MB,
    }
    for each in nodes:
        each.stop()
    operator.kill()
    return found


async def listed(operator: OperatorProcess) -> None:
    """Wait until the operator has seen every namespace."""
    async with aiohttp.ClientSession() as session:
        while True:
            with contextlib.suppress(aiohttp.ClientError):
                async with session.get(f"http://127.0.0.1:{operator.port}/readyz") as answer:
                    if answer.status == 200:
                        return
            await asyncio.sleep(0.1)


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--namespaces", type=int, default=200, help="namespaces in the list")
    parser.add_argument("--resources", type=int, default=2, help="experiments that are carried out meanwhile")
    options = parser.parse_args()
    result = asyncio.run(main(options.namespaces, options.resources))
    print(json.dumps(result))
    sys.exit(result["rss_mb"] > LIMIT_MB)
