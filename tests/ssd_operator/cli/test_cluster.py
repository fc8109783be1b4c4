"""`ssd status NAME`: what a cluster's resource says, read from a real API server."""

import json
import subprocess
import sys
from pathlib import Path

import pytest

from controlplane.kubectl import Kubectl
from controlplane.plane import ControlPlane

SSD = str(Path(sys.executable).with_name("ssd"))

RESOURCE = """
apiVersion: selfdistill.dev/v1alpha1
kind: SelfDistillation
metadata: {name: toy}
spec: {preset: toy, storage: {claimName: experiments}}
"""
STATUS = {
    "phase": "Waiting",
    "stages": [
        {"name": "prepare", "phase": "Succeeded", "attempt": 1, "key": "0123456789abcdef"},
        {
            "name": "sample",
            "phase": "Running",
            "attempt": 2,
            "progress": {"unit": "shards", "done": 3, "total": 8},
            "message": "0/2 nodes are available",
        },
    ],
    "results": [
        {
            "benchmark": "toy",
            "grading": "Process",
            "base": {"passAt1": "0.340", "interval": "0.262-0.421"},
            "candidate": {"passAt1": "0.440", "interval": "0.362-0.521"},
            "delta": {"passAt1": "0.100", "interval": "0.060-0.140"},
        }
    ],
    "conditions": [
        {"type": "Accepted", "status": "True", "reason": "Valid"},
        {"type": "Progressing", "status": "False", "reason": "PodLost", "message": "kubectl delete node gpu-7"},
    ],
    "promotion": {"decision": "Held", "reasons": ["the lower bound is below minGain"]},
}


def status(plane: ControlPlane, name: str, namespace: str) -> subprocess.CompletedProcess[str]:
    """Ask as a person would."""
    command = [SSD, "status", name, "--namespace", namespace, "--kubeconfig", str(plane.kubeconfig)]
    return subprocess.run(command, capture_output=True, text=True, check=False)


def test_a_clusters_resource_is_shown_as_a_directory_is(crds: ControlPlane, kubectl: Kubectl, namespace: str) -> None:
    """Stages, progress, what is waited for, the numbers and the decision stand in the answer."""
    kubectl.apply(RESOURCE)
    untouched = status(crds, "toy", namespace)
    assert untouched.returncode == 0
    assert "no operator has looked at it yet" in untouched.stdout

    kubectl("patch", "sd", "toy", "--subresource=status", "--type=merge", "-p", json.dumps({"status": STATUS}))
    told = status(crds, "toy", namespace)
    assert told.returncode == 0, told.stderr
    assert "Waiting, PodLost: kubectl delete node gpu-7" in told.stdout
    for words in ("3/8 shards", "0/2 nodes are available", "0.440 [0.362-0.521]", "Held", "below minGain"):
        assert words in told.stdout


def test_a_resource_that_is_not_there_is_one_sentence(crds: ControlPlane, namespace: str) -> None:
    """The API server's own words, exit 64, no traceback."""
    told = status(crds, "nobody", namespace)
    assert told.returncode == 64
    assert f"{namespace}/nobody" in told.stderr
    assert "not found" in told.stderr
    assert "Traceback" not in told.stderr


def kubeconfig(folder: Path, *, context: str = "c", server: str = "https://127.0.0.1:1") -> Path:
    """Write a kubeconfig."""
    file = folder / "config"
    file.write_text(
        f"apiVersion: v1\nkind: Config\nclusters: [{{name: a, cluster: {{server: '{server}'}}}}]\n"
        f"users: [{{name: u, user: {{token: x}}}}]\ncontexts: [{{name: c, context: {{cluster: a, user: u}}}}]\n"
        f"current-context: {context}\n"
    )
    return file


def asked_with(config: Path) -> subprocess.CompletedProcess[str]:
    """Ask for a resource of the cluster that a kubeconfig names."""
    command = [SSD, "status", "toy", "--kubeconfig", str(config)]
    return subprocess.run(command, capture_output=True, text=True, check=False)


@pytest.mark.parametrize("content", [b"hello\n", b"\xff\x00", b"", b"- 1\n", b"a: [\n"])
def test_a_file_that_is_no_kubeconfig_is_one_sentence(content: bytes, tmp_path: Path) -> None:
    """Whatever is in it, the file is named, exit 64."""
    (tmp_path / "config").write_bytes(content)
    told = asked_with(tmp_path / "config")
    assert told.returncode == 64
    assert told.stderr.startswith(f"{tmp_path / 'config'}: is no kubeconfig")
    assert told.stderr.count("\n") == 1


def test_a_context_that_is_not_there_is_one_sentence(tmp_path: Path) -> None:
    """A kubeconfig whose current context is gone is as useless."""
    told = asked_with(kubeconfig(tmp_path, context="gone"))
    assert told.returncode == 64
    assert "is no kubeconfig with a current context" in told.stderr
    assert told.stderr.count("\n") == 1


def test_a_cluster_that_is_away_may_be_back_later(tmp_path: Path) -> None:
    """Nobody answers: the same command may work later, exit 75."""
    told = asked_with(kubeconfig(tmp_path))
    assert told.returncode == 75
    assert "Cannot connect" in told.stderr
    assert told.stderr.count("\n") == 1
