"""The GPUs of this machine that this process may use, as the driver lists them."""

import os
import shutil
import subprocess
from collections.abc import Mapping
from dataclasses import dataclass

__all__ = ["Gpu", "GpuList", "look"]

QUERY = ["nvidia-smi", "--query-gpu=index,uuid,driver_version,memory.total,name", "--format=csv,noheader,nounits"]


@dataclass(frozen=True)
class Gpu:
    """One GPU."""

    index: int
    """Its place in the order of the bus."""
    uuid: str
    driver: str
    memory_mb: int
    name: str


@dataclass(frozen=True)
class GpuList:
    """Those that may be used, or why the driver lists none."""

    gpus: tuple[Gpu, ...] = ()
    trouble: str = ""

    @property
    def kinds(self) -> dict[str, list[int]]:
        """Return the indices of the GPUs of each kind."""
        found: dict[str, list[int]] = {}
        for gpu in self.gpus:
            found.setdefault(gpu.name, []).append(gpu.index)
        return found

    @property
    def mixed(self) -> str:
        """Why they cannot be used together; empty where all are of one kind."""
        if len(self.kinds) < 2:
            return ""
        listed = {name: ",".join(map(str, indices)) for name, indices in self.kinds.items()}
        kinds = " and ".join(f"{name} ({indices})" for name, indices in listed.items())
        one = next(iter(listed.values()))
        return f"this machine has {kinds}; choose GPUs of one kind: CUDA_VISIBLE_DEVICES={one}"


def look(environ: Mapping[str, str] = os.environ) -> GpuList:
    """Ask the driver; `CUDA_VISIBLE_DEVICES` narrows what it lists, as it does for every program."""
    if shutil.which(QUERY[0]) is None:
        return GpuList()
    listed = subprocess.run(QUERY, capture_output=True, text=True, check=False)
    if listed.returncode != 0:
        said = (listed.stdout + listed.stderr).strip().splitlines() or [f"exit code {listed.returncode}"]
        return GpuList(trouble=f"nvidia-smi failed: {said[-1]}; see to the driver")
    found = [_gpu(line) for line in listed.stdout.splitlines() if line.count(",") >= QUERY[1].count(",")]
    return GpuList(tuple(_visible(found, environ.get("CUDA_VISIBLE_DEVICES"))))


def _gpu(line: str) -> Gpu:
    """Read a line of the list."""
    index, uuid, driver, memory, name = (word.strip() for word in line.split(",", 4))
    return Gpu(int(index), uuid, driver, int(memory) if memory.isdigit() else 0, name)


def _visible(found: list[Gpu], named: str | None) -> list[Gpu]:
    """Return those that a variable names, up to the first that is not there, as CUDA does."""
    if named is None:
        return found
    chosen: list[Gpu] = []
    for word in (each.strip() for each in named.split(",")):
        match = [gpu for gpu in found if word == str(gpu.index) or (word[:4] == "GPU-" and gpu.uuid.startswith(word))]
        if len(match) != 1 or match[0] in chosen:
            break
        chosen += match
    return chosen
