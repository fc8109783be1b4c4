"""Faults as they happen to a cluster: a process that is killed, memory that is used up, a node that is drained."""

import json
import os
import random
import signal
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from controlplane.kubectl import Kubectl
from controlplane.waiting import wait_until
from node import exhaustion, settings
from ssd_operator import naming

__all__ = ["drain", "exhaust_sandbox", "kill_worker", "operator_dies", "undrain"]

OPERATOR = "--selector=app.kubernetes.io/component=operator"


def kill_worker(pod: dict[str, Any]) -> None:
    """`kill -9` of the pod's worker, from outside of the pod."""
    os.kill(_first(pod, f"ssd_jobs {naming.CONFIG_FILE}"), signal.SIGKILL)


def exhaust_sandbox(pod: dict[str, Any]) -> None:
    """Use up the memory of the sandbox's container, so that the kernel ends its first process and all others."""
    exhaustion.exhaust(_first(pod, "ssd_jobs.sandbox"))


@contextmanager
def operator_dies(kubectl: Kubectl, *, times: int, seed: int) -> Iterator[None]:
    """Take the operator's pod away again and again, at random moments; its Deployment makes another one each time."""
    dice = random.Random(seed)
    done = threading.Event()

    def kill() -> None:
        for _ in range(times):
            if done.wait(dice.uniform(15, 75)):
                return
            kubectl("delete", "pods", OPERATOR, "--ignore-not-found", "--grace-period=0", "--force")

    killer = threading.Thread(target=kill)
    killer.start()
    try:
        yield
    finally:
        done.set()
        killer.join()


def drain(kubectl: Kubectl, pods: list[dict[str, Any]]) -> None:
    """What `kubectl drain` does for these pods: no new ones on the node, and an eviction for each."""
    kubectl("cordon", settings.NAME)
    for pod in pods:
        name, namespace = pod["metadata"]["name"], pod["metadata"]["namespace"]
        eviction = {"apiVersion": "policy/v1", "kind": "Eviction", "metadata": {"name": name, "namespace": namespace}}
        kubectl("create", f"--raw=/api/v1/namespaces/{namespace}/pods/{name}/eviction", manifest=json.dumps(eviction))


def undrain(kubectl: Kubectl) -> None:
    """The node takes pods again."""
    kubectl("uncordon", settings.NAME)


def _first(pod: dict[str, Any], words: str) -> int:
    """Return the first process of the container whose command has these words, once it is there."""
    found: list[int] = []

    def looked() -> bool:
        found[:] = [each for each in _processes(pod["metadata"]["uid"]) if words in _command(each) and _is_first(each)]
        return bool(found)

    wait_until(looked, what=f"{words} in {pod['metadata']['name']}", seconds=120)
    return found[0]


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
        return Path(f"/proc/{process}/cmdline").read_bytes().replace(b"\0", b" ").decode(errors="replace")
    except OSError:
        return ""


def _is_first(process: int) -> bool:
    """Whether it is process 1 of its own namespace, as a container's first process is."""
    try:
        lines = Path(f"/proc/{process}/status").read_text().splitlines()
    except OSError:
        return False
    return any(line.startswith("NSpid:") and line.split()[-1] == "1" for line in lines)
