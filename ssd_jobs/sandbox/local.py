"""A sandbox on this machine: a child process, in namespaces of its own where the kernel allows them."""

import contextlib
import os
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path

import ssd_jobs
from ssd_jobs.sandbox.client import Client, SandboxDown, WeakIsolation

__all__ = ["spawn"]

START_SECONDS = 60.0


@contextlib.contextmanager
def spawn(*, memory_mb: int, workers: int = 0, namespaces: bool = True, allow_weak: bool = False) -> Iterator[Client]:
    """Start a sandbox, yield its client, and stop it; `workers` 0 means the cores of the cgroup."""
    with tempfile.TemporaryDirectory(prefix="ssd-sandbox-") as directory:
        path, log = Path(directory, "socket"), Path(directory, "log")
        command = [sys.executable, "-P", "-s", "-m", "ssd_jobs.sandbox", f"--socket={path}", f"--workers={workers}"]
        command += [f"--memory-mb={memory_mb}", f"--namespaces={'auto' if namespaces else 'none'}"]
        command += ["--die-with-parent", *(["--allow-weak-isolation"] if allow_weak else [])]
        environment = {"PATH": os.defpath, "PYTHONPATH": str(Path(ssd_jobs.__file__).resolve().parent.parent)}
        with log.open("w") as stderr:
            nothing = subprocess.DEVNULL
            child = subprocess.Popen(
                command, env=environment, cwd="/", stdin=nothing, stdout=nothing, stderr=stderr, start_new_session=True
            )
        try:
            yield _connected(child, path, log, allow_weak=allow_weak)
        finally:
            child.kill()
            child.wait()


def _connected(child: "subprocess.Popen[bytes]", path: Path, log: Path, *, allow_weak: bool) -> Client:
    """Wait for the first greeting, or tell why there will be none."""
    waited = 0.0
    while not path.exists():
        with contextlib.suppress(subprocess.TimeoutExpired):
            child.wait(timeout=0.02)
            message = log.read_text().strip()
            raise (WeakIsolation if "too weak" in message else SandboxDown)(message or "the sandbox ended at its start")
        waited += 0.02
        if waited > START_SECONDS:
            raise SandboxDown(f"the sandbox did not start within {START_SECONDS:.0f} s")
    client = Client(path)
    client.require_strong(allow_weak=allow_weak)
    return client
