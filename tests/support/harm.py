"""Faults as they happen to a cluster: a process that is killed, a pod that is deleted, a node that is drained."""

import json
import os
import random
import signal
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

from controlplane.kubectl import Kubectl
from node import settings

__all__ = ["drain", "kill_sandbox", "kill_worker", "operator_dies", "undrain"]


def kill_worker(pod: dict[str, Any]) -> None:
    """`kill -9` of the pod's worker, from outside of the pod."""
    _kill(pod, "ssd_jobs /etc/ssd/config.json")


def kill_sandbox(pod: dict[str, Any]) -> None:
    """`kill -9` of everything in the sandbox's container, as when it is out of memory."""
    _kill(pod, "ssd_jobs.sandbox")


@contextmanager
def operator_dies(kubectl: Kubectl, *, times: int, seed: int) -> Iterator[None]:
    """Take the operator's pod away again and again, at random moments; its Deployment makes another one each time."""
    dice = random.Random(seed)
    done = threading.Event()

    def kill() -> None:
        for _ in range(times):
            if done.wait(dice.uniform(15, 75)):
                return
            kubectl("delete", "pods", "--selector=app.kubernetes.io/component=operator", "--grace-period=0", "--force")

    killer = threading.Thread(target=kill)
    killer.start()
    try:
        yield
    finally:
        done.set()
        killer.join()


def _kill(pod: dict[str, Any], words: str) -> None:
    found = [process for process in _processes(pod["metadata"]["uid"]) if words in _command(process)]
    assert found, f"no {words} runs in {pod['metadata']['name']}"
    for process in found:
        with suppress(ProcessLookupError):
            os.kill(process, signal.SIGKILL)


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
