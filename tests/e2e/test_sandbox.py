"""The sandbox inside a real pod of the operator's own making, in a namespace that enforces `restricted`."""

import json
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import pytest

import grade_pod
from controlplane.kubectl import Kubectl
from controlplane.waiting import wait_until
from reader import Cluster
from sandbox_attacks import HOSTILE
from ssd_operator import naming

SOURCES = ("attack_pod.py", "sandbox_attacks.py", "sandbox_programs.py")
KINDS = {attack.name: {str(kind) for kind in attack.kinds} for attack in HOSTILE}


@contextmanager
def running(kubectl: Kubectl, name: str, objects: list[dict[str, Any]]) -> Iterator[None]:
    """The pod, until the test is over."""
    kubectl.apply(objects, "--server-side")
    try:
        yield
    finally:
        kubectl("delete", "pod", name, "--grace-period=0", "--force", "--ignore-not-found")


def outcome(kubectl: Kubectl, name: str, *, seconds: float) -> list[dict[str, Any]]:
    """Wait until the grader's container has ended and return what it said."""

    def ended() -> bool:
        status = kubectl.get("pod", name)["status"]
        return any("terminated" in each["state"] for each in status.get("containerStatuses", []))

    wait_until(ended, what=f"pod {name} to end", seconds=seconds)
    printed = kubectl("logs", name, "--container", naming.WORKER)
    status = kubectl.get("pod", name)["status"]["containerStatuses"][0]["state"]["terminated"]
    assert status["exitCode"] == 0, printed
    return [json.loads(line) for line in printed.splitlines() if line.startswith("{")]


@pytest.fixture
def sources() -> dict[str, str]:
    """The attacks, as files."""
    folder = grade_pod.ROOT / "tests" / "support"
    return {name: (folder / name).read_text(encoding="utf-8") for name in SOURCES}


def test_no_attack_passes_in_a_pod(cluster: Cluster, sources: dict[str, str]) -> None:
    """Every hostile program fails in its own way, a right one passes after each, and one server answers them all."""
    command = ["python", "/program/attack_pod.py", f"--socket={naming.SANDBOX_SOCKET}"]
    objects = grade_pod.pod("attacks", image=cluster.grader, command=command, program=sources)
    with running(cluster.kubectl, "attacks", objects):
        answers = outcome(cluster.kubectl, "attacks", seconds=900)
    assert [each["name"] for each in answers] == [attack.name for attack in HOSTILE]
    assert [each for each in answers if each["passed"] or each["kind"] not in KINDS[each["name"]]] == []
    assert all(each["good"] for each in answers)
    assert len({each["generation"] for each in answers}) == 1
