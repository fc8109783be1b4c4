"""Looking at this machine: what the driver lists, and what the workers' libraries say of themselves.

What needs those libraries is answered by a program of theirs, so this works where they are not installed.
"""

import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

from ssd_jobs.contract import Software
from ssd_operator.errors import InvalidInput
from ssd_operator.local import gpus
from ssd_operator.local.gpus import GpuList

__all__ = ["Inspection", "inspect"]

PROGRAM = "ssd_jobs.commands.machine"
PATIENCE_S = 300.0
"""Importing torch from a slow disk, and NCCL finding its peers."""


@dataclass(frozen=True)
class Inspection:
    """What was found, for experiments in one directory."""

    software: Software
    gpus: GpuList
    directory: Path

    @property
    def device(self) -> str:
        """What stages run on."""
        kinds = [f"{len(indices)} x {name}" for name, indices in self.gpus.kinds.items()]
        return " and ".join(kinds) if kinds else "CPU"

    @property
    def gpu_trouble(self) -> str:
        """Why the GPUs cannot be used; empty where they can, and where there are none."""
        return self.gpus.trouble or self.gpus.mixed or self.software.gpu_trouble

    def require_gpus(self) -> None:
        """Refuse what asks for GPUs that are there and cannot be used."""
        if self.gpu_trouble:
            raise InvalidInput(f"GPU: {self.gpu_trouble}")


def inspect(directory: Path, *, collectives: bool) -> Inspection:
    """Look at this machine; `collectives` adds numbers over all GPUs, which takes some seconds."""
    listed = gpus.look()
    flags = ["--gpus"] if listed.gpus else []
    flags += ["--collectives"] if collectives and len(listed.gpus) > 1 else []
    return Inspection(_software(flags), listed, directory.resolve())


def _software(flags: list[str]) -> Software:
    """Ask the workers' side."""
    command = [sys.executable, "-m", PROGRAM, *flags]
    try:
        done = subprocess.run(command, capture_output=True, text=True, check=False, timeout=PATIENCE_S)
    except subprocess.TimeoutExpired:
        raise InvalidInput(
            f"{PROGRAM}: no answer for {PATIENCE_S:.0f} s; see with nvidia-smi which GPU hangs"
        ) from None
    if done.returncode != 0:
        said = done.stderr.strip().splitlines()[-1:] or [f"exit code {done.returncode}"]
        raise InvalidInput(f"{PROGRAM}: {said[0]}; to see more, run: {' '.join(command)}")
    return Software.model_validate_json(done.stdout.strip().splitlines()[-1])
