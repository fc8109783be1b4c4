"""Faults as they happen to a cluster: a process that is killed, a pod that is deleted, a node that is drained."""

import os
import signal
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from controlplane.kubectl import Kubectl
from node import settings

__all__ = ["delete_operator", "drain", "kill_worker", "undrain"]


def kill_worker(pod: dict[str, Any]) -> None:
    """`kill -9` of the pod's worker, from outside of the pod."""
    workers = [process for process in _processes(pod["metadata"]["uid"]) if "ssd_jobs" in _command(process)]
    assert workers, f"no worker runs in {pod['metadata']['name']}"
    for process in workers:
        os.kill(process, signal.SIGKILL)


def delete_operator(kubectl: Kubectl) -> None:
    """Take the operator's pod away at once; its Deployment makes another one."""
    kubectl("delete", "pods", "--selector=app.kubernetes.io/component=operator", "--grace-period=0", "--force")


def drain(kubectl: Kubectl, pods: list[dict[str, Any]]) -> None:
    """What `kubectl drain` does for these pods: no new ones on the node, and an eviction for each."""
    kubectl("cordon", settings.NAME)
    for pod in pods:
        name, namespace = pod["metadata"]["name"], pod["metadata"]["namespace"]
        eviction = {"apiVersion": "policy/v1", "kind": "Eviction", "metadata": {"name": name, "namespace": namespace}}
        kubectl("create", f"--raw=/api/v1/namespaces/{namespace}/pods/{name}/eviction", manifest=eviction)


def undrain(kubectl: Kubectl) -> None:
    """The node takes pods again."""
    kubectl("uncordon", settings.NAME)


def _processes(pod_uid: str) -> Iterator[int]:
    """Yield the processes whose cgroup is the pod's, as this machine numbers them."""
    for entry in Path("/proc").iterdir():
        if entry.name.isdigit():
            try:
                mine = f"pod{pod_uid}" in (entry / "cgroup").read_text()
            except OSError:
                continue
            if mine:
                yield int(entry.name)


def _command(process: int) -> str:
    try:
        return Path(f"/proc/{process}/cmdline").read_bytes().decode(errors="replace")
    except OSError:
        return ""
