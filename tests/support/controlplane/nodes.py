"""Nodes that exist for the scheduler alone: they have room, and nothing runs on them."""

import json
from collections.abc import Mapping

from controlplane.kubectl import Kubectl

__all__ = ["add"]

ROOM = {"cpu": "64", "memory": "512Gi", "ephemeral-storage": "1Ti", "pods": "110"}
READY = {"type": "Ready", "status": "True", "reason": "KubeletReady", "message": "", "lastHeartbeatTime": None}


def add(kubectl: Kubectl, name: str, room: Mapping[str, str]) -> None:
    """A ready node with `room` for more than the usual, as in {"nvidia.com/gpu": "8"}."""
    labels = {"kubernetes.io/hostname": name, "kubernetes.io/os": "linux", "kubernetes.io/arch": "amd64"}
    kubectl("create", manifest={"apiVersion": "v1", "kind": "Node", "metadata": {"name": name, "labels": labels}})
    total = {**ROOM, **room}
    status = {"status": {"capacity": total, "allocatable": total, "conditions": [READY]}}
    kubectl("patch", "node", name, "--subresource=status", "--type=merge", "-p", json.dumps(status))
    kubectl("patch", "node", name, "--type=merge", "-p", json.dumps({"spec": {"taints": None}}))
