"""A real Kubernetes control plane for one test session: etcd and the API server, and controllers when asked for.

Everything it makes is in one private folder, its only port is the API server's, and every process dies with the one
that started it. There is no kubelet: pods stay Pending until a test plays the kubelet's part (controlplane.pods).
"""

import shutil
import socket
import ssl
import urllib.request
from collections.abc import Sequence
from pathlib import Path

from controlplane import binaries, flags, kubeconfig, pki, process
from controlplane.errors import Unavailable
from controlplane.kubectl import Kubectl
from controlplane.waiting import wait_until

__all__ = ["ControlPlane"]

LONGEST_SOCKET = 100
NAMES = ("kubernetes", "kubernetes.default", "kubernetes.default.svc", "localhost")
USERS = {
    "admin": ("admin", ("system:masters",)),
    "kube-controller-manager": ("system:kube-controller-manager", ()),
    "kube-scheduler": ("system:kube-scheduler", ()),
}


class ControlPlane:
    """One cluster without nodes; use it as a context manager, or start and stop it."""

    def __init__(self, folder: Path, *, node_address: str | None = None) -> None:
        if len(str(folder / "etcd.sock")) > LONGEST_SOCKET:
            raise Unavailable(f"{folder} is too long a path for a unix socket: set TMPDIR to a shorter one.")
        self.folder = folder
        self.authority = pki.Authority()
        self._port = _reserve_port("0.0.0.0" if node_address else flags.LOOPBACK)
        self.layout = flags.Layout(folder=folder, port=self._port.getsockname()[1], node_address=node_address)
        self.servers: dict[str, process.Server] = {}

    def __enter__(self) -> "ControlPlane":
        self.start()
        return self

    def __exit__(self, *_: object) -> None:
        self.stop()

    @property
    def server(self) -> str:
        """The URL of the API server."""
        return self.layout.server

    @property
    def kubeconfig(self) -> Path:
        """The kubeconfig of the administrator, who may do everything."""
        return self.layout.path("admin.kubeconfig")

    @property
    def kubectl(self) -> Kubectl:
        """kubectl as the administrator."""
        return self.kubectl_as(self.kubeconfig)

    def kubectl_as(self, config: Path) -> Kubectl:
        """kubectl as the user of another kubeconfig."""
        return Kubectl(binaries.find("kubectl"), config, self.folder / "kubectl-cache" / config.stem)

    def start(self) -> None:
        """Start etcd and the API server, and return when it is ready."""
        self._write_secrets()
        try:
            self._launch("etcd", flags.etcd(self.layout))
            self._launch("kube-apiserver", flags.apiserver(self.layout))
            self.wait_ready()
        except BaseException:
            self.stop()
            raise

    def start_controllers(self, controllers: Sequence[str] = flags.CONTROLLERS) -> None:
        """Start kube-controller-manager with these controllers, unless it runs; they begin within a second or two.

        The garbage collector looks for new kinds of objects only every 30 s: install CustomResourceDefinitions first.
        """
        self._launch("kube-controller-manager", flags.controller_manager(self.layout, tuple(controllers)))

    def start_scheduler(self) -> None:
        """Start kube-scheduler, unless it runs."""
        self._launch("kube-scheduler", flags.scheduler(self.layout))

    def crash(self, name: str) -> None:
        """Kill one server the way a lost machine does."""
        self.servers[name].stop()

    def restart(self, name: str) -> None:
        """Start a crashed server again, at the same address with the same data."""
        self.servers[name].stop()
        self.servers[name].start()
        self.wait_ready()

    def stop(self) -> None:
        """Kill every server and drop what etcd stored; the logs stay for whoever wants to read them."""
        for server in reversed(list(self.servers.values())):
            server.stop()
        self._port.close()
        shutil.rmtree(self.folder / "etcd", ignore_errors=True)

    def kubeconfig_for_user(self, user: str, groups: Sequence[str] = ()) -> Path:
        """A kubeconfig whose bearer is this user, by client certificate."""
        return self._kubeconfig(_file_name(user), kubeconfig.by_certificate(self.authority.client(user, groups)))

    def kubeconfig_for_service_account(self, namespace: str, name: str) -> Path:
        """A kubeconfig with a real token of an existing service account."""
        token = self.kubectl.within(namespace)("create", "token", name, "--duration=24h").strip()
        path = f"{namespace}-{name}-service-account"
        return self._kubeconfig(path, kubeconfig.by_token(token), namespace=namespace)

    def logs(self, lines: int = 10) -> str:
        """The end of every server's log, for the report of a failed test."""
        parts = [f"--- {server.log}\n{server.tail(lines)}" for server in self.servers.values()]
        return "\n".join(parts)

    def wait_ready(self, seconds: float = 300) -> None:
        """Return when the API server says that it is ready."""
        running = [self.servers[name] for name in ("etcd", "kube-apiserver")]
        wait_until(self._ready, what="a ready API server", servers=running, seconds=seconds)

    def _ready(self) -> bool:
        trust = urllib.request.HTTPSHandler(
            context=ssl.create_default_context(cadata=self.authority.certificate.decode())
        )
        direct = urllib.request.build_opener(urllib.request.ProxyHandler({}), trust)
        try:
            with direct.open(f"{self.server}/readyz", timeout=5) as answer:
                return bool(answer.status == 200)
        except OSError:
            return False

    def _launch(self, name: str, arguments: Sequence[str]) -> None:
        server = self.servers.get(name)
        if server is None:
            log = self.layout.path(f"{name}.log")
            server = self.servers[name] = process.Server([str(binaries.find(name)), *arguments], log=log)
        if server.pid is None:
            server.start()

    def _write_secrets(self) -> None:
        self.layout.path("ca.crt").write_bytes(self.authority.certificate)
        addresses = [flags.LOOPBACK, flags.FIRST_SERVICE]
        addresses += [self.layout.node_address] if self.layout.node_address else []
        self.authority.server(names=NAMES, addresses=addresses).write(self.folder, "apiserver")
        self.authority.client("kube-apiserver", ["system:masters"]).write(self.folder, "kubelet-client")
        pki.service_account_keys().write(self.folder, "service-accounts")
        for name, (user, groups) in USERS.items():
            self._kubeconfig(name, kubeconfig.by_certificate(self.authority.client(user, groups)))

    def _kubeconfig(self, name: str, user: dict[str, str], namespace: str = "default") -> Path:
        return kubeconfig.write(
            self.layout.path(f"{name}.kubeconfig"),
            server=self.server,
            authority=self.authority.certificate,
            user=user,
            namespace=namespace,
        )


def _reserve_port(address: str) -> socket.socket:
    """A free port that stays ours: the API server shares it (--permit-port-sharing), other programs do not get it."""
    reserved = socket.socket()
    reserved.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEPORT, 1)
    reserved.bind((address, 0))
    return reserved


def _file_name(user: str) -> str:
    return "".join(character if character.isalnum() else "-" for character in user)
