"""Laws of the test control plane itself: what other tests take for granted about it."""

import errno
import json
import os
import select
import signal
import socket
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from cluster import pod_status
from controlplane import nodes
from controlplane.kubectl import Kubectl, KubectlError
from controlplane.plane import ControlPlane
from controlplane.waiting import wait_until

pytestmark = pytest.mark.control_plane
SUPPORT = Path(__file__).parent / "support"
SESSION = """
import sys, pathlib
from controlplane.plane import ControlPlane
with ControlPlane(pathlib.Path(sys.argv[1])) as plane:
    print(*(server.pid for server in plane.servers.values()), flush=True)
    sys.stdin.read()
"""
HARDENED = {"allowPrivilegeEscalation": False, "capabilities": {"drop": ["ALL"]}, "runAsNonRoot": True}


def pod(name: str, *, gpus: int = 0, security: dict[str, Any] | None = None) -> dict[str, Any]:
    container = {
        "name": "main",
        "image": "example.invalid/image",
        "resources": {"limits": {"nvidia.com/gpu": str(gpus)}} if gpus else {},
        "securityContext": {**security, "seccompProfile": {"type": "RuntimeDefault"}} if security else {},
    }
    spec = {"containers": [container], "restartPolicy": "Never"}
    return {"apiVersion": "v1", "kind": "Pod", "metadata": {"name": name}, "spec": spec}


def report(kubectl: Kubectl, name: str, status: dict[str, Any]) -> None:
    """Play the kubelet's part: write a pod's status."""
    kubectl("patch", "pod", name, "--subresource=status", "--type=merge", "-p", json.dumps({"status": status}))


def job(name: str, *, completions: int) -> dict[str, Any]:
    template = {"spec": pod("template")["spec"]}
    spec = {
        "completions": completions,
        "parallelism": completions,
        "completionMode": "Indexed",
        "backoffLimit": 0,
        "template": template,
    }
    return {"apiVersion": "batch/v1", "kind": "Job", "metadata": {"name": name}, "spec": spec}


def test_kubectl_and_server_are_real(kubectl: Kubectl, namespace: str) -> None:
    """The API server keeps what is created, numbers its versions, and knows one owner of each field."""
    thing = {"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": "thing"}, "data": {"key": "value"}}
    kubectl("create", manifest=thing)
    stored = kubectl.get("configmap", "thing")
    assert stored["data"] == {"key": "value"}
    assert stored["metadata"]["namespace"] == namespace
    assert int(stored["metadata"]["resourceVersion"]) > 0
    with pytest.raises(KubectlError, match="conflict with"):
        kubectl("apply", "--server-side", "--field-manager=other", manifest={**thing, "data": {"key": "other"}})


def test_a_service_account_may_do_what_it_was_granted_and_nothing_else(
    control_plane: ControlPlane, kubectl: Kubectl, namespace: str
) -> None:
    """RBAC refuses a service account without grants, and a role binding grants exactly what it says."""
    kubectl("create", "serviceaccount", "operator")
    operator = control_plane.kubectl_as(control_plane.kubeconfig_for_service_account(namespace, "operator"))
    with pytest.raises(KubectlError, match=f'"system:serviceaccount:{namespace}:operator" cannot list .* "configmaps"'):
        operator("get", "configmaps")
    kubectl("create", "role", "reader", "--verb=list", "--resource=configmaps")
    kubectl("create", "rolebinding", "reader", "--role=reader", f"--serviceaccount={namespace}:operator")
    wait_until(lambda: operator.can("list", "configmaps"), what="the grant")
    assert operator.get("configmaps")["kind"] == "List"
    with pytest.raises(KubectlError, match='cannot list resource "secrets"'):
        operator("get", "secrets")


def test_a_user_has_the_groups_of_the_certificate(
    control_plane: ControlPlane, kubectl: Kubectl, namespace: str
) -> None:
    """A user is who the client certificate says, with its groups: a binding to the group is a grant to the user."""
    config = control_plane.kubeconfig_for_user("alice", ["researchers"])
    alice = control_plane.kubectl_as(config).within(namespace)
    assert "researchers" in alice("auth", "whoami")
    assert not alice.can("create", "pods")
    kubectl("create", "role", "maker", "--verb=create", "--resource=pods")
    kubectl("create", "rolebinding", "maker", "--role=maker", "--group=researchers")
    wait_until(lambda: alice.can("create", "pods"), what="the grant")


def test_pod_security_is_enforced(control_plane: ControlPlane, restricted_namespace: str) -> None:
    """A restricted namespace refuses a pod without a security context and admits a hardened one."""
    restricted = control_plane.kubectl.within(restricted_namespace)
    with pytest.raises(KubectlError, match='violates PodSecurity "restricted:latest"'):
        restricted("create", manifest=pod("careless"))
    restricted("create", manifest=pod("hardened", security=HARDENED))


def test_our_definitions_can_be_used_at_once(crds: ControlPlane, kubectl: Kubectl) -> None:
    """With the fixture `crds` kubectl knows our kind by its short name and explains its fields."""
    assert kubectl("get", "sd") == ""
    assert "KIND:       SelfDistillation" in kubectl("explain", "sd.spec")


def test_a_job_gets_its_pods_from_the_real_controller(job_controller: ControlPlane, kubectl: Kubectl) -> None:
    """An Indexed Job gets one pod per index, completes when all have, and takes its pods along when it is deleted."""
    kubectl("create", manifest=job("pair", completions=2))
    kubectl("wait", "--for=jsonpath={.status.active}=2", "job/pair", "--timeout=60s")
    names = [item["metadata"]["name"] for item in kubectl.get("pods", "--selector=job-name=pair")["items"]]
    for name in names:
        report(kubectl, name, pod_status.ended(kubectl.get("pod", name), message="done", container="main"))
    kubectl("wait", "--for=condition=complete", "job/pair", "--timeout=60s")
    assert kubectl.get("job", "pair")["status"]["completedIndexes"] == "0,1"
    kubectl("delete", "job", "pair", "--wait=false")
    kubectl("wait", "--for=delete", "pods", "--selector=job-name=pair", "--timeout=60s")


def test_a_failed_pod_fails_its_job(job_controller: ControlPlane, kubectl: Kubectl) -> None:
    """An exit code that a test gives to a pod is what the Job controller acts on."""
    kubectl("create", manifest=job("single", completions=1))
    kubectl("wait", "--for=jsonpath={.status.active}=1", "job/single", "--timeout=60s")
    (item,) = kubectl.get("pods", "--selector=job-name=single")["items"]
    report(kubectl, item["metadata"]["name"], pod_status.running(item, container="main"))
    end = pod_status.ended(item, code=64, message="bad input", container="main")
    report(kubectl, item["metadata"]["name"], end)
    kubectl("wait", "--for=condition=failed", "job/single", "--timeout=60s")


def test_the_scheduler_counts_gpus(control_plane: ControlPlane, kubectl: Kubectl, namespace: str) -> None:
    """A pod goes to the node that has the GPUs that it asks for, and waits when none has."""
    control_plane.start_scheduler()
    name = f"node-{namespace}"
    nodes.add(kubectl, name, {"nvidia.com/gpu": "8"})
    kubectl("create", manifest=[pod("fits", gpus=8), pod("too-large", gpus=9)])
    kubectl("wait", f"--for=jsonpath={{.spec.nodeName}}={name}", "pod/fits", "--timeout=60s")
    kubectl("wait", "--for=condition=PodScheduled=false", "pod/too-large", "--timeout=60s")
    kubectl("delete", "node", name)


def test_crashed_servers_come_back_until_stop_ends_them(tmp_path: Path) -> None:
    """A killed server is back at its address with its data after a restart; after stop nothing runs, answers or stays.

    Only logs and keys remain in the folder.
    """
    with ControlPlane(tmp_path) as plane:
        for name in ("etcd", "kube-apiserver"):
            plane.kubectl("create", "configmap", f"before-{name}")
            plane.crash(name)
            plane.restart(name)
            assert plane.kubectl("get", "configmap", f"before-{name}", "-o", "name")
        handles = [os.pidfd_open(server.pid) for server in plane.servers.values() if server.pid]
        port = plane.layout.port
    assert len(handles) == 2
    assert all(has_ended(handle) for handle in handles)
    with socket.socket() as probe:
        assert probe.connect_ex(("127.0.0.1", port)) == errno.ECONNREFUSED
    assert not (tmp_path / "etcd").exists()


def test_servers_die_with_a_killed_session(tmp_path: Path) -> None:
    """`kill -9` of the process that started the servers ends them too."""
    session = subprocess.Popen(
        [sys.executable, "-c", SESSION, str(tmp_path)],
        env={**os.environ, "PYTHONPATH": str(SUPPORT)},
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    )
    with session:
        assert session.stdout is not None
        handles = [os.pidfd_open(int(pid)) for pid in session.stdout.readline().split()]
        session.send_signal(signal.SIGKILL)
    assert len(handles) == 2
    assert all(has_ended(handle, seconds=30) for handle in handles)


def has_ended(handle: int, *, seconds: float = 0) -> bool:
    poll = select.poll()
    poll.register(handle, select.POLLIN)
    ended = bool(poll.poll(seconds * 1000))
    os.close(handle)
    return ended
