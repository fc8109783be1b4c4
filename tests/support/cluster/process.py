"""The operator as a real process against a test cluster, and nodes that play along in the background."""

import asyncio
import os
import signal
import subprocess
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

from cluster.kubelet import Kubelet
from processes import ports
from ssd_operator.cluster import ApiError


class OperatorProcess:
    """One `python -m ssd_operator`, of this tree or of another one."""

    def __init__(self, kubeconfig: Path, log: Path, tree: Path | None = None, /, **settings: str) -> None:
        self.port = ports.free_port()
        variables = {f"SSD_{name.upper()}": value for name, value in settings.items()}
        self._environment = {
            **os.environ,
            "KUBECONFIG": str(kubeconfig),
            "SSD_HTTP_PORT": str(self.port),
            "SSD_WORKER_METRICS_PORT": "0",
            **variables,
        }
        if tree is not None:
            self._environment["PYTHONPATH"] = f"{tree / 'operator'}:{tree}"
        self._folder = tree
        self.log = log
        self.start()

    def start(self) -> None:
        """Start it, or start it again."""
        with self.log.open("ab") as log:
            command = [sys.executable, "-m", "ssd_operator"]
            self.process = subprocess.Popen(command, env=self._environment, cwd=self._folder, stderr=log)

    def kill(self) -> None:
        """End it as a lost machine does."""
        self.process.send_signal(signal.SIGKILL)
        self.process.wait()

    def stop(self) -> int:
        """End it as the kubelet does, and return its exit code."""
        self.process.terminate()
        return self.process.wait()


@asynccontextmanager
async def nodes_at_work(kubelet: Kubelet, *, every_s: float = 0.1) -> AsyncIterator[None]:
    """Let the nodes go on in the background; while the API server is away they wait for it."""

    async def work() -> None:
        while True:
            try:
                await kubelet.step()
            except ApiError as error:
                if 0 < error.status < 500:
                    raise
            await asyncio.sleep(every_s)

    task = asyncio.create_task(work())
    try:
        yield
    finally:
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)
