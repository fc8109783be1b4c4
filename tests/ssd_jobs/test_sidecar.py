"""A sidecar that knows nothing of Jobs is asked to end when the worker has, and changes nothing of how that ended."""

import os
import subprocess
import sys
import threading
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path
from typing import ClassVar

import pytest

from processes import ports


class Sidecar(BaseHTTPRequestHandler):
    """What a mesh's proxy answers."""

    asked: ClassVar[list[str]] = []

    def do_POST(self) -> None:
        """Note that the worker is over."""
        self.asked.append(self.path)
        self.send_response(200)
        self.end_headers()

    def log_message(self, *_: object) -> None:
        """Say nothing."""


def worker(url: str, folder: Path) -> subprocess.CompletedProcess[str]:
    """Run a worker whose config is not there."""
    command = [sys.executable, "-m", "ssd_jobs", str(folder / "config.json")]
    environment = {**os.environ, "SSD_SIDECAR_QUIT_URL": url}
    return subprocess.run(command, env=environment, capture_output=True, text=True, check=False)


def test_the_sidecar_is_asked_once_and_the_exit_code_stays(tmp_path: Path) -> None:
    """A worker that ends with 64 ends with 64, and its sidecar knows."""
    server = HTTPServer(("127.0.0.1", 0), Sidecar)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    done = worker(f"http://127.0.0.1:{server.server_port}/quitquitquit", tmp_path)
    server.shutdown()
    assert done.returncode == 64
    assert Sidecar.asked == ["/quitquitquit"]


@pytest.mark.parametrize("url", ["http://127.0.0.1:PORT/", "http://mesh.example/quit", "file:///etc/passwd"])
def test_no_answer_changes_nothing(url: str, tmp_path: Path) -> None:
    """Nobody there, or an address outside of the pod: a warning, and the exit code is the worker's own."""
    done = worker(url.replace("PORT", str(ports.free_port())), tmp_path)
    assert done.returncode == 64
    assert "SSD_SIDECAR_QUIT_URL" in done.stderr
    assert "Traceback" not in done.stderr
