"""Programs that a node needs and that Python and Go do not bring: Debian packages, installed when they are missing.

Only Debian's own packages are used, so a machine that reaches its usual mirror needs nothing else. Their services are
not started: the node runs its own copies, with its own files.
"""

import os
import shutil
import subprocess
import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

from controlplane.errors import Unavailable

__all__ = ["PACKAGES", "ensure", "missing"]

PACKAGES = {
    "containerd": "containerd",
    "runc": "runc",
    "/usr/lib/cni/bridge": "containernetworking-plugins",
    "buildah": "buildah",
    "debootstrap": "debootstrap",
    "iptables": "iptables",
    "conntrack": "conntrack",
    "socat": "socat",
    "docker-registry": "docker-registry",
    "ip": "iproute2",
    "nsenter": "util-linux",
    "sysctl": "procps",
}
"""A program, by name or path, and the package that has it."""
NO_START = Path("/usr/sbin/policy-rc.d")


def missing() -> list[str]:
    """Return the packages that are not installed."""
    return sorted({package for program, package in PACKAGES.items() if shutil.which(program) is None})


def ensure() -> None:
    """Install what is missing; only root on Debian can."""
    if os.geteuid() != 0:
        raise Unavailable("the node needs root for namespaces and mounts: run as root, or set SSD_TEST_KUBECONFIG.")
    packages = missing()
    if not packages:
        return
    if shutil.which("apt-get") is None:
        raise Unavailable(f"programs are missing ({', '.join(packages)}): install them, or set SSD_TEST_KUBECONFIG.")
    sys.stderr.write(f"installing {', '.join(packages)}\n")
    with _services_stay_down():
        _apt(["update", "-qq"])
        _apt(["install", "-y", "-qq", "--no-install-recommends", *packages])


@contextmanager
def _services_stay_down() -> Iterator[None]:
    """Tell Debian's scripts not to start what they install."""
    if NO_START.exists():
        yield
        return
    NO_START.write_text("#!/bin/sh\nexit 101\n", encoding="utf-8")
    NO_START.chmod(0o755)
    try:
        yield
    finally:
        NO_START.unlink()


def _apt(arguments: Sequence[str]) -> None:
    environ = {**os.environ, "DEBIAN_FRONTEND": "noninteractive"}
    done = subprocess.run(["apt-get", *arguments], env=environ, capture_output=True, text=True, check=False)
    if done.returncode != 0:
        reason = (done.stderr.strip().splitlines() or ["no reason given"])[-1]
        raise Unavailable(f"apt-get {arguments[0]} failed ({reason}): make Debian's mirror reachable.")
