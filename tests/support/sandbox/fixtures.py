"""Running sandboxes for tests: one in namespaces and one as in a restricted pod, shared by the whole session."""

import os
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

import ssd_jobs
from ssd_jobs.sandbox import local
from ssd_jobs.sandbox.client import Client

ROOT = Path(ssd_jobs.__file__).resolve().parent.parent

ENVIRONMENT = {"PATH": os.defpath, "PYTHONPATH": str(ROOT)}


@pytest.fixture(scope="session")
def sandbox() -> Iterator[Client]:
    """A sandbox with whatever this machine allows on top."""
    with local.spawn(workers=2, memory_mb=512) as client:
        yield client


@pytest.fixture(scope="session", params=["workstation", "pod"])
def each_sandbox(request: pytest.FixtureRequest) -> Iterator[Client]:
    """A sandbox with namespaces, and one without any, as a restricted pod has it."""
    with local.spawn(workers=2, memory_mb=512, namespaces=request.param == "workstation") as client:
        yield client


@contextmanager
def supervised(
    path: Path, *arguments: str, log: Path | None = None, before: Callable[[], None] | None = None
) -> Iterator[tuple[Client, "subprocess.Popen[bytes]"]]:
    """Start the sandbox's own command line without namespaces; yield client and supervisor."""
    command = [sys.executable, "-m", "ssd_jobs.sandbox", f"--socket={path}", "--workers=2", "--memory-mb=512"]
    with (log or Path(os.devnull)).open("w") as stderr:
        environment = {**ENVIRONMENT, "SECRET": "hidden"}
        child = subprocess.Popen([*command, *arguments], env=environment, stderr=stderr, preexec_fn=before)  # noqa: PLW1509
    try:
        client = Client(path)
        client.hello()
        yield client, child
    finally:
        child.kill()
        child.wait()


def server_of(supervisor: "subprocess.Popen[bytes]") -> int:
    """Return the pid of the fork server behind a supervisor."""
    return int(Path(f"/proc/{supervisor.pid}/task/{supervisor.pid}/children").read_text().split()[0])
