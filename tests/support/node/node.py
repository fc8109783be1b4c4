"""A whole cluster of one node: the control plane on this machine, the node in its box, images in its registry.

The API server runs outside of the box, where tests run, and reaches the kubelet through the one wire; pods, Services
and host names are real. Nothing of it reaches the outside world, and nothing of it remains.
"""

from collections.abc import Iterator
from contextlib import ExitStack, contextmanager

from controlplane import binaries
from controlplane.kubectl import Kubectl
from controlplane.plane import ControlPlane
from controlplane.process import Server
from controlplane.waiting import wait_until
from node import base_image, machine, settings, volumes
from node.box import HOST, NODE, Box
from node.builder import Builder
from node.images import Built
from node.places import Places
from node.runtime import SOCKET, Runtime

__all__ = ["Node", "machine_for_a_node"]

CONTROLLERS = ("*",)
VOLUMES = 12


@contextmanager
def machine_for_a_node() -> Iterator[tuple[Places, Builder]]:
    """Make this machine able to run a node, with the image that all others start from, and hold it: one at a time."""
    machine.ensure()
    places = Places.usual()
    with places.held():
        builder = Builder(places.images, places.run)
        base_image.ensure(builder, places.run)
        yield places, builder


class Node:
    """The cluster; use it as a context manager, inside `machine_for_a_node`."""

    def __init__(self, places: Places, builder: Builder) -> None:
        self.places = places
        self.box = Box(places.run)
        folder = places.run / "plane"
        folder.mkdir()
        self.plane = ControlPlane(folder, node_address=HOST)
        self.runtime = Runtime(self.box, places, builder)
        self.servers: list[Server] = []
        self._builder = builder
        self._stop = ExitStack()

    def __enter__(self) -> "Node":
        try:
            self._start()
        except BaseException:
            self._stop.close()
            raise
        return self

    def __exit__(self, *_: object) -> None:
        self._stop.close()

    @property
    def kubectl(self) -> Kubectl:
        """kubectl as the administrator."""
        return self.plane.kubectl

    def load(self, images: Built) -> tuple[str, str]:
        """Bring images to the node; return what stands before and after their names when pods name them."""
        names = [self.runtime.push(identity, f"{name}:{images.tag}") for name, identity in images.identities.items()]
        for name in names:
            self.runtime.pull(name)
        self.runtime.forget(names)  # only now: until then they hold the layers that are the same
        return f"{settings.REGISTRY}/", images.tag

    def logs(self, lines: int = 10) -> str:
        """The end of every log, for the report of a failed test."""
        mine = [f"--- {server.log}\n{server.tail(lines)}" for server in [*self.runtime.servers, *self.servers]]
        return "\n".join([self.plane.logs(lines), *mine])

    def _start(self) -> None:
        self._stop.callback(self.box.stop)
        self.box.start()
        self._stop.callback(self.plane.stop)
        self.plane.start()
        self.plane.start_controllers(CONTROLLERS)
        self.plane.start_scheduler()
        self.runtime.start()
        self.runtime.push_pause(base_image.NAME)
        self._start_programs()
        servers = [*self.runtime.servers, *self.servers]
        wait_until(self._ready, what="a ready node", servers=servers, seconds=300)
        self.kubectl.apply(list(volumes.objects(self.places.run / "volumes", VOLUMES)), "--server-side")

    def _start_programs(self) -> None:
        """Start what Kubernetes runs on a node, and the cluster's DNS beside it."""
        user = self.plane.kubeconfig_for_user
        self.plane.authority.server(names=[settings.NAME], addresses=[NODE]).write(self.plane.folder, "kubelet-server")
        config = self._write("kubelet.yaml", settings.kubelet(folder=self.plane.folder, socket=SOCKET))
        kubeconfig = user(f"system:node:{settings.NAME}", ["system:nodes"])
        name = [f"--hostname-override={settings.NAME}", f"--node-ip={NODE}"]
        self._launch("kubelet", f"--config={config}", f"--kubeconfig={kubeconfig}", *name)
        config = self._write("proxy.yaml", settings.proxy(kubeconfig=user("system:kube-proxy")))
        self._launch("kube-proxy", f"--config={config}")
        config = self._write("Corefile", settings.coredns(kubeconfig=user("coredns", ["system:masters"])))
        self._launch("coredns", f"-conf={config}")

    def _launch(self, program: str, *arguments: str) -> None:
        server = self.box.server(program, str(binaries.find(program)), *arguments)
        self.servers.append(server)
        server.start()

    def _write(self, name: str, text: str) -> str:
        path = self.places.run / name
        path.write_text(text, encoding="utf-8")
        return str(path)

    def _ready(self) -> bool:
        nodes = self.kubectl.get("nodes")["items"]
        conditions = [each for node in nodes for each in node["status"].get("conditions", [])]
        return any(each["type"] == "Ready" and each["status"] == "True" for each in conditions)
