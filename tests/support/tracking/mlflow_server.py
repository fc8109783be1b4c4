"""A real MLflow server on sqlite with proxied artifacts, one per test session, and clients for it."""

import os
import signal
import subprocess
import sys
import time
import urllib.error
import urllib.request
import uuid
from collections.abc import Iterator
from pathlib import Path

import pytest

from processes import ports
from ssd_jobs import contract

START_SECONDS = 180.0
QUIET = {
    "MLFLOW_DISABLE_TELEMETRY": "true",
    "DO_NOT_TRACK": "1",
    "MLFLOW_SERVER_ENABLE_JOB_EXECUTION": "false",
    "MLFLOW_HTTP_REQUEST_MAX_RETRIES": "1",
    "MLFLOW_HTTP_REQUEST_BACKOFF_FACTOR": "0",
    "MLFLOW_ENABLE_ARTIFACTS_PROGRESS_BAR": "false",
    "HF_HUB_OFFLINE": "1",
}


@pytest.fixture(scope="session")
def mlflow_server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """The address of a running server."""
    os.environ.update(QUIET)
    root = tmp_path_factory.mktemp("mlflow")
    port = ports.free_port()
    uri = f"http://127.0.0.1:{port}"
    command = [sys.executable, "-m", "mlflow", "server", "--host=127.0.0.1", f"--port={port}", "--workers=1"]
    command += [f"--backend-store-uri=sqlite:///{root}/mlflow.db", f"--artifacts-destination={root}/artifacts"]
    with (root / "log").open("w") as log:
        child = subprocess.Popen(command, stdout=log, stderr=log, cwd=root, start_new_session=True)
    try:
        _wait(uri, child, root / "log")
        yield uri
    finally:
        os.killpg(child.pid, signal.SIGKILL)
        child.wait()


@pytest.fixture
def mlflow_tracking(mlflow_server: str) -> contract.Tracking:
    """An experiment of its own on the server."""
    return tracking(mlflow_server)


def tracking(uri: str) -> contract.Tracking:
    """A tracking config with names that nobody else has."""
    name = f"exp-{uuid.uuid4().hex[:12]}"
    return contract.Tracking(uri=uri, experiment=name, run_key=f"key-{name}", run_name=name)


def _wait(uri: str, child: "subprocess.Popen[bytes]", log: Path) -> None:
    """Return when the server answers, or tell why it does not."""
    deadline = time.monotonic() + START_SECONDS
    while time.monotonic() < deadline:
        if child.poll() is not None:
            break
        try:
            with urllib.request.urlopen(f"{uri}/health", timeout=5):
                return
        except (urllib.error.URLError, OSError):
            time.sleep(0.2)
    raise RuntimeError(f"the MLflow server did not start: {log.read_text()[-2000:]}")
