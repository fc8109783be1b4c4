"""Builds the programs of a test cluster from source, once per machine.

Kubernetes ships no binaries through a package registry, but its source is a Go module: tests/kube makes one binary of
it. Only go.mod, go.sum, the programs and the flags decide the key; a newer Go toolchain does not cause a new build.

SSD_KUBE_VERSION=1.33 makes a control plane of another minor, for which tests/kube/minors has a pair 1.33.mod and 1.33.sum.
"""

import os
import platform
import re
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Sequence
from pathlib import Path

from controlplane import cache, toolchain
from controlplane.errors import Unavailable

__all__ = ["COREDNS", "PROGRAMS", "coredns", "coscheduling", "kubernetes", "kubernetes_version"]

COREDNS = "v1.13.2"
PROGRAMS = ("etcd", "kube-apiserver", "kube-controller-manager", "kube-proxy", "kube-scheduler", "kubectl", "kubelet")
SOURCES = Path(__file__).parents[2] / "kube"
SOURCE_FILES = ("go.mod", "go.sum", "main.go")
NODE_FILE = "nodes.go"
"""The programs of a node, which other minors are built without."""


def kubernetes_version() -> str:
    """The release of Kubernetes that the module file of the asked minor requires."""
    module = _sources()["go.mod"]
    match = re.search(r"^\s*k8s\.io/kubernetes (v\S+)$", module.read_text(), re.MULTILINE)
    if match is None:
        raise Unavailable(f"{module} does not require k8s.io/kubernetes: restore it from git.")
    return match[1]


def kubernetes() -> Path:
    """A folder with every one of PROGRAMS, each a link to the one binary."""
    flags, sources = _kubernetes_flags(), _sources()
    folder = _folder("kube", flags, *[path.read_bytes() for path in sources.values()])

    def make(partial: Path) -> None:
        what = f"Kubernetes {kubernetes_version()}"
        with tempfile.TemporaryDirectory() as copy:
            for name, path in sources.items():
                shutil.copyfile(path, Path(copy) / name)
            output = str(partial / "kube")
            _go(["build", "-mod=readonly", *flags, "-o", output, "."], what=what, log=_log(folder), folder=Path(copy))
        for program in PROGRAMS:
            (partial / program).symlink_to("kube")

    return cache.obtain(folder, make)


def coredns() -> Path:
    """A folder with `coredns`, the cluster DNS of the node level."""
    flags = ["-trimpath", "-ldflags", "-s -w"]
    folder = (
        cache.root() / "coredns" / cache.digest(COREDNS.encode(), repr(flags).encode(), platform.machine().encode())
    )

    def make(partial: Path) -> None:
        module = f"github.com/coredns/coredns@{COREDNS}"
        _go(["install", *flags, module], what=f"CoreDNS {COREDNS}", log=_log(folder), environ={"GOBIN": str(partial)})

    return cache.obtain(folder, make)


def coscheduling() -> Path:
    """A folder with `kube-scheduler`, which has the coscheduling plugin, and with the plugin's definition `crd.yaml`."""
    flags = ["-trimpath", "-buildvcs=false", "-ldflags", "-s -w"]
    sources = SOURCES / "coscheduling"
    folder = _folder("coscheduling", flags, *[(sources / name).read_bytes() for name in SOURCE_FILES])

    def make(partial: Path) -> None:
        log, what = _log(folder), "kube-scheduler with the coscheduling plugin"
        output = str(partial / "kube-scheduler")
        _go(["build", "-mod=readonly", *flags, "-o", output, "."], what=what, log=log, folder=sources)
        module = ["list", "-mod=readonly", "-m", "-f", "{{.Dir}}", "sigs.k8s.io/scheduler-plugins"]
        _go(module, what=what, log=log, folder=sources)
        definition = Path(log.read_text().splitlines()[-1]) / "manifests" / "coscheduling" / "crd.yaml"
        shutil.copyfile(definition, partial / "crd.yaml")

    return cache.obtain(folder, make)


def _sources() -> dict[str, Path]:
    """What is built, by the name that it is built under: the minor that all tests run on, or the one that is asked for."""
    minor = os.environ.get("SSD_KUBE_VERSION")
    if not minor:
        return {name: SOURCES / name for name in (*SOURCE_FILES, NODE_FILE)}
    known = {path.stem: path for path in sorted((SOURCES / "minors").glob("*.mod"))}
    if minor not in known:
        raise Unavailable(
            f"SSD_KUBE_VERSION={minor}: unset it, or choose one of {', '.join(known)} (tests/kube/minors)."
        )
    module = known[minor]
    return {"go.mod": module, "go.sum": module.with_suffix(".sum"), "main.go": SOURCES / "main.go"}


def _kubernetes_flags() -> list[str]:
    version = kubernetes_version()
    major, minor, _ = version.removeprefix("v").split(".", 2)
    stamps = {"gitVersion": version, "gitMajor": major, "gitMinor": minor}
    stamped = " ".join(f"-X k8s.io/component-base/version.{name}={value}" for name, value in stamps.items())
    return ["-trimpath", "-buildvcs=false", "-ldflags", f"-s -w {stamped}"]


def _folder(what: str, flags: Sequence[str], *sources: bytes) -> Path:
    key = cache.digest(*sources, repr(flags).encode(), platform.machine().encode())
    return cache.root() / what / key


def _log(folder: Path) -> Path:
    return folder.with_name(f"{folder.name}.log")


def _go(
    arguments: Sequence[str],
    *,
    what: str,
    log: Path,
    environ: dict[str, str] | None = None,
    folder: Path = SOURCES,
) -> None:
    go = toolchain.find()
    sys.stderr.write(f"building {what} with {go}, once for this machine: minutes; progress in {log}\n")
    settings = {"CGO_ENABLED": "0", "GOTOOLCHAIN": "local", "GOWORK": "off", "GOFLAGS": "", **(environ or {})}
    with log.open("w") as output:
        done = subprocess.run(
            [go, *arguments], cwd=folder, env={**os.environ, **settings}, stdout=output, stderr=output, check=False
        )
    if done.returncode != 0:
        raise Unavailable(
            f"building {what} failed, see {log}: make the Go module proxy reachable (GOPROXY), "
            "or set KUBEBUILDER_ASSETS to a folder with etcd, kube-apiserver and kubectl."
        )
