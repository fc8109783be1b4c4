"""The sandbox inside a real pod of the operator's own making, in a namespace that enforces `restricted`."""

import json
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import pytest

from controlplane.kubectl import Kubectl
from controlplane.waiting import wait_until
from node import grade_pod
from node.reader import Cluster
from sandbox.attacks import HOSTILE
from ssd_operator import naming

SUPPORT = grade_pod.ROOT / "tests" / "support"
GRADING = "sandbox/grading.py"
SOURCES = (GRADING, "sandbox/attacks.py", "sandbox/programs.py")
KINDS = {attack.name: {str(kind) for kind in attack.kinds} for attack in HOSTILE}


@contextmanager
def running(kubectl: Kubectl, name: str, objects: list[dict[str, Any]]) -> Iterator[None]:
    """The pod, until the test is over."""
    kubectl.apply(objects, "--server-side")
    try:
        yield
    finally:
        kubectl("delete", "pod", name, "--grace-period=0", "--force", "--ignore-not-found")


def lines(kubectl: Kubectl, name: str, *, seconds: float) -> list[Any]:
    """Wait until the grader's container has ended and return what it said."""

    def ended() -> bool:
        status = kubectl.get("pod", name)["status"]
        return any("terminated" in each["state"] for each in status.get("containerStatuses", []))

    wait_until(ended, what=f"pod {name} to end", seconds=seconds)
    printed = kubectl("logs", name, "--container", naming.WORKER)
    status = kubectl.get("pod", name)["status"]["containerStatuses"][0]["state"]["terminated"]
    assert status["exitCode"] == 0, printed
    return [json.loads(line) for line in printed.splitlines() if line[:1] in ("{", "[")]


@pytest.fixture
def sources() -> dict[str, str]:
    """The attacks, as files."""
    program = (SUPPORT / "node" / "attack_pod.py").read_text(encoding="utf-8")
    return {"attack_pod.py": program} | {name: (SUPPORT / name).read_text(encoding="utf-8") for name in SOURCES}


def test_no_attack_passes_in_a_pod(cluster: Cluster, sources: dict[str, str]) -> None:
    """Every hostile program fails in its own way, a right one passes after each, and one server answers them all."""
    command = ["python", "/program/attack_pod.py", f"--socket={naming.SANDBOX_SOCKET}"]
    objects = grade_pod.pod("attacks", image=cluster.grader, command=command, program=sources)
    with running(cluster.kubectl, "attacks", objects):
        answers = lines(cluster.kubectl, "attacks", seconds=900)
    assert [each["name"] for each in answers] == [attack.name for attack in HOSTILE]
    assert [each for each in answers if each["passed"] or each["kind"] not in KINDS[each["name"]]] == []
    assert all(each["good"] for each in answers)
    assert len({each["generation"] for each in answers}) == 1


@pytest.mark.usefixtures("own_node")
def test_a_program_in_a_pod_reaches_nothing(installed: Cluster) -> None:
    """What the grader's container reaches, its sandboxed programs do not: the API server, MLflow, another grader.

    The node enforces no NetworkPolicy, so it is the sandbox alone that refuses.
    """
    server = installed.admin.within("default").get("service", "kubernetes")["spec"]
    mlflow = installed.kubectl.get("service", "ssd-mlflow")["spec"]
    addresses = [f"{each['clusterIP']}:{each['ports'][0]['port']}" for each in (server, mlflow)]
    command = ["python", "/program/reach_pod.py", f"--socket={naming.SANDBOX_SOCKET}", "--addresses", *addresses]
    source = (SUPPORT / "node" / "reach_pod.py").read_text(encoding="utf-8")
    program = {"reach_pod.py": source, GRADING: (SUPPORT / GRADING).read_text(encoding="utf-8")}
    objects = grade_pod.pod("reach", image=installed.grader, command=command, program=program)
    with running(installed.kubectl, "reach", objects):
        outside, inside = lines(installed.kubectl, "reach", seconds=300)
    assert outside == ["reached"] * 4
    assert inside == ["refused"] * 4
