"""containerd in the box, and the registry it pulls from.

What containerd pulled and unpacked outlives the node, so a second start pulls nothing; what it ran does not: containers
of an earlier node are removed before the kubelet looks.
"""

import subprocess
from collections.abc import Collection
from dataclasses import replace
from pathlib import Path

from controlplane.errors import Unavailable
from controlplane.process import Server
from controlplane.waiting import wait_until
from node import settings
from node.box import Box
from node.builder import Builder
from node.places import Places

__all__ = ["SOCKET", "Runtime"]

SOCKET = "/run/containerd/containerd.sock"
PAUSE = "pause:1"


class Runtime:
    """The registry and containerd."""

    def __init__(self, box: Box, places: Places, builder: Builder) -> None:
        self.box, self.places, self.builder = box, places, builder
        self.servers: list[Server] = []

    def start(self) -> None:
        """Start both, with nothing of an earlier node in containerd but images."""
        self._start("registry", "docker-registry", "serve", self._write("registry.yaml", self._registry()))
        networks = self.places.run / "cni"
        networks.mkdir()
        (networks / "pods.conflist").write_text(settings.cni(), encoding="utf-8")
        pause = f"{settings.REGISTRY}/{PAUSE}"
        text = settings.containerd(root=self.places.containerd, socket=SOCKET, networks=networks, pause=pause)
        self._start("containerd", "containerd", f"--config={self._write('containerd.toml', text)}")
        wait_until(self._answers, what="containerd to answer", servers=self.servers, seconds=300)
        for container in self._ctr("containers", "list", "--quiet").split():
            self._ctr("containers", "delete", container)

    def push(self, image: str, name: str) -> str:
        """Push an image of the builder's storage, and return the name by which pods name it."""
        builder = replace(self.builder, prefix=tuple(self.box.on_its_network()))
        compression = ("--compression-format=zstd", "--compression-level=1")  # gzip takes minutes for the worker
        builder("push", "--quiet", "--tls-verify=false", *compression, image, f"docker://{settings.REGISTRY}/{name}")
        return f"{settings.REGISTRY}/{name}"

    def push_pause(self, base: str) -> None:
        """Push what holds a pod's namespaces open: the base image, asleep."""
        container = self.builder("from", "--pull-never", base)
        self.builder("config", '--entrypoint=["/bin/sleep", "infinity"]', "--cmd=", container)
        self.builder("commit", "--quiet", "--rm", container, PAUSE)
        self.push(PAUSE, PAUSE)

    def pull(self, image: str) -> None:
        """Pull an image now, so that no pod waits for it later."""
        self._ctr("images", "pull", "--plain-http", image)

    def forget(self, kept: Collection[str]) -> None:
        """Drop all images but `kept`: each build of the worker has gigabytes of its own."""
        for image in self._ctr("images", "list", "--quiet").split():
            if image not in kept and not image.endswith(PAUSE):
                self._ctr("images", "delete", image)

    def _registry(self) -> str:
        return settings.registry(storage=self.places.registry)

    def _start(self, name: str, *command: str) -> None:
        server = self.box.server(name, *command)
        self.servers.append(server)
        server.start()

    def _write(self, name: str, text: str) -> str:
        path: Path = self.places.run / name
        path.write_text(text, encoding="utf-8")
        return str(path)

    def _answers(self) -> bool:
        try:
            self._ctr("version")
        except Unavailable:
            return False
        return True

    def _ctr(self, *arguments: str) -> str:
        command = self.box.inside("ctr", f"--address={SOCKET}", "--namespace=k8s.io", *arguments)
        done = subprocess.run(command, capture_output=True, text=True, check=False)
        if done.returncode != 0:
            raise Unavailable(f"ctr {' '.join(arguments)} failed: {done.stderr.strip()[-500:]}")
        return done.stdout
