"""Namespaces around everything of the node: network, mounts and processes that end with one process.

A kubelet leaves mounts, interfaces, packet filter rules and shims all over a machine. Here they are in namespaces whose
first process the kernel kills when whoever started it ends, even by `kill -9`; then they are gone, without a list of
what to clean. What remains visible are folders and empty cgroups, which `stop` and the next start remove.
"""

import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path

from controlplane.errors import Unavailable
from controlplane.process import Server
from controlplane.waiting import wait_until
from node import cgroups

__all__ = ["HOST", "NODE", "PODS", "Box"]

HOST, NODE = "10.197.255.1", "10.197.255.2"
"""The two ends of the only wire into the box: this machine, where the API server listens, and the node."""
PODS = "10.197.0.0/24"
SERVICES = "10.96.0.0/16"
WIRE = "ssd-e2e"
REAPER = Path(__file__).with_name("reaper.py")
PRIVATE = ("/run", "/var/lib/cni")
KEPT = {"/var/lib/kubelet": "kubelet", "/var/log": "log"}


class Box:
    """The namespaces; programs are run inside with `inside`."""

    def __init__(self, run: Path) -> None:
        self.run = run
        namespaces = ("--net", "--mount", "--propagation=private", "--pid", "--fork", "--kill-child", "--mount-proc")
        command = ["unshare", *namespaces, sys.executable, "-I", "-S", str(REAPER)]
        self._first = Server(command, log=run / "box.log")

    def start(self) -> None:
        """Make the namespaces, their mounts and their wire to this machine."""
        cgroups.remove()
        self._first.start()
        wait_until(lambda: self._pid() is not None, what="the node's namespaces", servers=[self._first], seconds=300)
        self._mount()
        self._connect()
        cgroups.make()

    def stop(self) -> None:
        """End the first process, and with it everything; then remove what a namespace does not hold."""
        self._first.stop()
        wait_until(lambda: not _exists(WIRE), what=f"the interface {WIRE} to go with its namespace", seconds=300)
        wait_until(cgroups.remove, what="the node's cgroups to be empty", seconds=300)

    def inside(self, *command: str) -> list[str]:
        """Return the command that runs `command` in all namespaces of the box."""
        return ["nsenter", f"--target={self._pid()}", "--mount", "--net", "--pid", "--", *command]

    def on_its_network(self, *command: str) -> list[str]:
        """Return the command that runs `command` with this machine's files and the box's network."""
        return ["nsenter", f"--target={self._pid()}", "--net", "--", *command]

    def call(self, *command: str) -> str:
        """Run a command inside and return what it printed."""
        return _call(self.inside(*command))

    def server(self, name: str, *command: str) -> Server:
        """Return a program that is to run inside, with its log beside the others'."""
        server = Server(self.inside(*command), log=self.run / f"{name}.log")
        server.name = name
        return server

    def _pid(self) -> int | None:
        """The first process, as this machine numbers it, once it is in namespaces of its own."""
        parent = self._first.pid
        if parent is None:
            return None
        children = Path(f"/proc/{parent}/task/{parent}/children").read_text().split()
        if not children or _network(parent) == _network("self"):
            return None
        return int(children[0])

    def _mount(self) -> None:
        """Give the node folders of its own where Kubernetes' programs know only fixed ones."""
        self.call("mount", "--make-rshared", "/")
        for folder in (*PRIVATE, *KEPT):
            self.call("mkdir", "-p", folder)
        for folder in PRIVATE:
            self.call("mount", "-t", "tmpfs", "node", folder)
        for folder, name in KEPT.items():
            (self.run / name).mkdir(exist_ok=True)
            self.call("mount", "--bind", str(self.run / name), folder)
        self.call("mount", "--make-rshared", "/")

    def _connect(self) -> None:
        pid = str(self._pid())
        wait_until(lambda: not _exists(WIRE), what=f"an earlier node's interface {WIRE} to go", seconds=300)
        _call(["ip", "link", "add", WIRE, "type", "veth", "peer", "name", "eth0", "netns", pid])
        _call(["ip", "address", "add", f"{HOST}/30", "dev", WIRE])
        _call(["ip", "link", "set", WIRE, "up"])
        self.call("ip", "link", "set", "lo", "up")
        self.call("ip", "address", "add", f"{NODE}/30", "dev", "eth0")
        self.call("ip", "link", "set", "eth0", "up")
        self.call("ip", "route", "add", "default", "via", HOST)
        self.call("sysctl", "-q", "-w", "net.ipv4.ip_forward=1")
        for network in (PODS, SERVICES):
            _call(["ip", "route", "add", network, "via", NODE, "dev", WIRE])


def _network(process: int | str) -> Path:
    return Path(f"/proc/{process}/ns/net").readlink()


def _exists(interface: str) -> bool:
    return Path("/sys/class/net", interface).exists()


def _call(command: Sequence[str]) -> str:
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    if done.returncode != 0:
        raise Unavailable(f"{' '.join(command)} failed: {done.stderr.strip()}")
    return done.stdout
