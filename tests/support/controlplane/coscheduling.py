"""A second scheduler beside the cluster's own, with the coscheduling plugin, under the name that its chart gives it."""

import json
from collections.abc import Iterator
from contextlib import contextmanager

from controlplane import build, definitions
from controlplane.plane import ControlPlane
from controlplane.process import Server

__all__ = ["NAME", "running"]

NAME = "scheduler-plugins-scheduler"
PLUGIN = {"enabled": [{"name": "Coscheduling"}]}
QUEUE = {**PLUGIN, "disabled": [{"name": "*"}]}


@contextmanager
def running(plane: ControlPlane) -> Iterator[Server]:
    """Run it, as the administrator, with its definition installed."""
    built = build.coscheduling()
    definitions.install(plane.kubectl, [built / "crd.yaml"])
    file = plane.folder / "coscheduling.json"
    profile = {"schedulerName": NAME, "plugins": {"multiPoint": PLUGIN, "queueSort": QUEUE}}
    configuration = {
        "apiVersion": "kubescheduler.config.k8s.io/v1",
        "kind": "KubeSchedulerConfiguration",
        "leaderElection": {"leaderElect": False},
        "clientConnection": {"kubeconfig": str(plane.kubeconfig)},
        "profiles": [profile],
    }
    file.write_text(json.dumps(configuration))
    arguments = [f"--config={file}", "--secure-port=0"]
    server = Server([str(built / "kube-scheduler"), *arguments], log=plane.folder / "coscheduling.log")
    server.start()
    try:
        yield server
    finally:
        server.stop()
