"""A stand-in for python:3.11-slim-bookworm, made of Debian packages where no container registry can be reached.

The Dockerfiles start from the public image. This one has the same name, the same Debian and the same Python; only its
way here differs, so that the Dockerfiles are built unchanged.
"""

import shutil
import subprocess
import sys
from pathlib import Path

from controlplane.errors import Unavailable
from node.builder import ALONE, Builder

__all__ = ["NAME", "ensure"]

NAME = "docker.io/library/python:3.11-slim-bookworm"
PACKAGES = "python3,python3-venv,python3-pip,ca-certificates"
KEEP_NOTHING = """DPkg::Post-Invoke { "rm -f /var/cache/apt/archives/*.deb"; };
Dir::Cache::pkgcache "";
Dir::Cache::srcpkgcache "";
"""
"""What makes apt leave nothing of an installation in a layer, as in the public image."""


def ensure(builder: Builder, scratch: Path) -> None:
    """Make the base image unless the storage has it."""
    if builder.has(NAME):
        return
    sys.stderr.write(f"making {NAME} from Debian packages, once for this machine: a minute\n")
    root = scratch / "base"
    shutil.rmtree(root, ignore_errors=True)
    _debootstrap(root)
    _slim(root)
    container = builder("from", "scratch")
    try:
        builder("add", container, str(root), "/")
        builder("config", "--cmd=python3", container)
        builder("commit", "--quiet", container, NAME)
    finally:
        builder("rm", container)
        shutil.rmtree(root)


def _debootstrap(root: Path) -> None:
    command = [*ALONE, "debootstrap", "--variant=minbase", f"--include={PACKAGES}", "bookworm", str(root)]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    if done.returncode != 0:
        reason = "\n".join(done.stdout.strip().splitlines()[-3:])
        raise Unavailable(f"debootstrap failed ({reason}): make Debian's mirror reachable.")


def _slim(root: Path) -> None:
    """Drop what apt downloads again when asked, as the public image does."""
    for folder in ("var/cache/apt/archives", "var/lib/apt/lists"):
        shutil.rmtree(root / folder, ignore_errors=True)
        (root / folder / "partial").mkdir(parents=True)
    (root / "etc" / "apt" / "apt.conf.d" / "keep-nothing").write_text(KEEP_NOTHING, encoding="utf-8")
