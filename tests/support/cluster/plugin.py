"""`kubectl sd` as a person types it: the plugin that kubectl itself finds on the path."""

import asyncio
import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

from controlplane.plane import ControlPlane

__all__ = ["Plugin"]

PROGRAMS = Path(sys.executable).parent


class Plugin:
    """`kubectl sd` of the administrator, in one namespace."""

    def __init__(self, plane: ControlPlane, namespace: str) -> None:
        self._kubectl = plane.kubectl.program
        self._environment = {**os.environ, "KUBECONFIG": str(plane.kubeconfig)}
        self._environment["PATH"] = f"{PROGRAMS}:{self._kubectl.parent}:{os.environ['PATH']}"
        self._namespace = namespace

    async def tells(self, *arguments: str, code: int = 0) -> str:
        """Type `kubectl sd …` in the namespace, and return what it prints, on standard error if it fails."""
        command = [str(self._kubectl), "sd", *arguments, "--namespace", self._namespace]
        done = await asyncio.to_thread(
            subprocess.run, command, env=self._environment, capture_output=True, text=True, check=False
        )
        assert done.returncode == code, done.stdout + done.stderr
        assert "Traceback" not in done.stderr
        return str(done.stderr if code else done.stdout)

    async def reads(self, *arguments: str) -> Any:
        """The same for programs."""
        return json.loads(await self.tells(*arguments, "--output", "json"))
