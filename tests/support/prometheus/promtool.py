"""Prometheus' own judge of rules: the machine's `promtool`, else the one from Debian's package, which is only unpacked.

Nothing is installed and no service begins: the program goes into the cache, beside the test cluster's.
"""

import shutil
import subprocess
from pathlib import Path

from controlplane import cache
from controlplane.errors import Unavailable

__all__ = ["promtool"]


def promtool() -> Path:
    """Return the program."""
    found = shutil.which("promtool")
    if found:
        return Path(found)
    return cache.obtain(cache.root() / "promtool" / "debian", _unpack) / "usr" / "bin" / "promtool"


def _unpack(folder: Path) -> None:
    download = ["apt-get", "-o", "APT::Sandbox::User=root", "download", "-qq", "prometheus"]
    if not (
        _succeeds(download, folder) or (_succeeds(["apt-get", "update", "-qq"], folder) and _succeeds(download, folder))
    ):
        raise Unavailable(
            "promtool is not installed, and apt-get cannot download Debian's package prometheus: install Prometheus, "
            "or put promtool on PATH."
        )
    [package] = folder.glob("prometheus_*.deb")
    subprocess.run(["dpkg-deb", "--extract", str(package), str(folder)], check=True)
    package.unlink()


def _succeeds(command: list[str], folder: Path) -> bool:
    try:
        return subprocess.run(command, cwd=folder, capture_output=True, check=False).returncode == 0
    except FileNotFoundError:
        return False
