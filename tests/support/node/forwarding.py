"""`kubectl port-forward`, as long as a test needs it."""

import subprocess
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager

from controlplane.waiting import wait_until
from node.reader import Cluster

__all__ = ["forwarded"]


@contextmanager
def forwarded(cluster: Cluster, target: str, port: int) -> Iterator[str]:
    """Yield an address of this machine that leads to the target's port."""
    command = ["kubectl", "--namespace=ssd", "port-forward", target, f":{port}"]
    child = subprocess.Popen(command, env=cluster.environ(), stdout=subprocess.PIPE, text=True)
    try:
        assert child.stdout is not None
        line = child.stdout.readline()
        assert "127.0.0.1:" in line, f"kubectl port-forward {target} ended; its reason is above"
        address = f"http://127.0.0.1:{line.split('127.0.0.1:')[1].split()[0]}"
        wait_until(lambda: _answers(address), what=f"{target} to answer", seconds=300)
        yield address
    finally:
        child.kill()
        child.wait()


def _answers(address: str) -> bool:
    try:
        with urllib.request.urlopen(f"{address}/health", timeout=5) as answer:
            return bool(answer.status == 200)
    except OSError:
        return False
