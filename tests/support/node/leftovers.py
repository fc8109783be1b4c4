"""Says what a node has left on this machine: processes, mounts, interfaces, packet filter rules; nothing, it should be.

`scripts/e2e` runs it at its end, also after Ctrl-C, and fails with it.
"""

import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

from node.box import WIRE
from node.places import Places

RULES = ("KUBE-", "CNI-")


def main() -> int:
    """Print what is left."""
    found = list(leftovers(Places.usual()))
    sys.stderr.writelines(f"left behind: {line}\n" for line in found)
    return 1 if found else 0


def leftovers(places: Places) -> Iterator[str]:
    """Yield a line for each thing."""
    root = str(places.root)
    for process in filter(lambda each: each.name.isdigit(), Path("/proc").iterdir()):
        command = _text(process / "cmdline").replace("\0", " ")
        if root in command or "/run/containerd" in command:
            yield f"process {process.name}: {command[:150]}"
    for line in _text(Path("/proc/self/mounts")).splitlines():
        if root in line or "/var/lib/kubelet" in line:
            yield f"mount {line.split()[1]}"
    if Path("/sys/class/net", WIRE).exists():
        yield f"interface {WIRE}"
    rules = subprocess.run(["iptables-save"], capture_output=True, text=True, check=False).stdout
    yield from (f"rule {line}" for line in rules.splitlines() if any(mark in line for mark in RULES))


def _text(path: Path) -> str:
    try:
        return path.read_bytes().decode(errors="replace")
    except OSError:
        return ""


if __name__ == "__main__":
    sys.exit(main())
