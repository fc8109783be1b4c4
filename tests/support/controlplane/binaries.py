"""Where each program of the test cluster comes from.

KUBEBUILDER_ASSETS, the convention of the Kubernetes world, provides etcd, kube-apiserver and kubectl when it is set;
every other program, and these without it, comes from our own build.
"""

import os
from collections.abc import Callable, Mapping
from pathlib import Path

from controlplane import build
from controlplane.errors import Unavailable

__all__ = ["ASSETS", "find"]

ASSETS = ("etcd", "kube-apiserver", "kubectl")


def find(
    program: str,
    *,
    environ: Mapping[str, str] = os.environ,
    kubernetes: Callable[[], Path] = build.kubernetes,
    coredns: Callable[[], Path] = build.coredns,
) -> Path:
    """The file to run for `program`, built first when this machine has none."""
    if program == "coredns":
        return coredns() / program
    if program not in build.PROGRAMS:
        raise Unavailable(f"the test cluster has no program {program!r}: choose one of {', '.join(build.PROGRAMS)}.")
    assets = environ.get("KUBEBUILDER_ASSETS")
    if assets and program in ASSETS:
        return _asset(Path(assets) / program)
    return kubernetes() / program


def _asset(path: Path) -> Path:
    if not os.access(path, os.X_OK):
        raise Unavailable(
            f"KUBEBUILDER_ASSETS has no program {path.name} ({path}): put it there, or unset KUBEBUILDER_ASSETS "
            "to use the build of tests/kube."
        )
    return path
