"""What an inspection of this machine means: what will be used, what can be done without, and what is missing."""

import os
import shutil
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from ssd_operator.local import machine
from ssd_operator.local.inspection import Inspection

__all__ = ["Finding", "findings", "line"]

GIB = 2**30
LEAST_DISK = LEAST_SHARED = GIB
SHARED_MEMORY = Path("/dev/shm")  # noqa: S108 - looked at, not written to


@dataclass(frozen=True)
class Finding:
    """One thing that was looked at."""

    subject: str
    state: Literal["ok", "none", "missing"]
    """`none` is what an experiment can do without."""
    text: str


def findings(seen: Inspection) -> list[Finding]:
    """Return everything, in the order in which a run needs it."""
    return [
        Finding("processor", "ok", f"{machine.cores()} cores, {seen.software.memory_mb // 1024} GB of memory"),
        *_gpus(seen),
        *_libraries(seen),
        _sandbox(seen),
        _disk(seen.directory),
        _shared_memory(seen),
    ]


def line(seen: Inspection) -> str:
    """Return what is found in one line."""
    known = seen.software
    parts = [
        f"{seen.device}, {machine.cores()} cores, {known.memory_mb // 1024} GB",
        f"torch {known.torch}",
        known.vllm or "no vLLM",
        ", ".join((f"attention {known.attention}", *known.fused)),
        f"{_free(seen.directory) // GIB} GB free",
        *(f"missing: {each.text}" for each in findings(seen) if each.state == "missing"),
    ]
    return "; ".join(parts)


def _gpus(seen: Inspection) -> Iterator[Finding]:
    """Yield the GPUs, and what connects several."""
    known = seen.gpus.gpus
    if seen.gpu_trouble:
        yield Finding("GPU", "missing", seen.gpu_trouble)
        return
    if not known:
        yield Finding("GPU", "none", "every stage runs on the CPU")
        return
    yield Finding("GPU", "ok", f"{seen.device}, {known[0].memory_mb // 1024} GB each, driver {known[0].driver}")
    if len(known) > 1:
        sums = seen.software.collectives
        yield Finding("NCCL", "missing" if sums.startswith("failed") else "ok", f"a sum over the GPUs {sums}")


def _libraries(seen: Inspection) -> Iterator[Finding]:
    """Yield what is installed, and how it gets there."""
    known = seen.software
    with_gpus = bool(seen.gpus.gpus)
    setup = "make setup ACCELERATOR=cuda" if with_gpus else "make setup"
    install = f"in a checkout run: {setup}, elsewhere: pip install 'ssd-operator[{'gpu' if with_gpus else 'worker'}]'"
    if known.torch:
        yield Finding("torch", "ok", f"torch {known.torch}, transformers {known.transformers}")
        yield Finding("kernels", "ok", ", ".join((f"attention {known.attention}", *known.fused)))
    else:
        yield Finding("torch", "missing", f"torch is not installed; {install}")
    if with_gpus and not known.builds_kernels:
        what = "no C compiler or no Python.h, with which Triton starts its kernels"
        yield Finding("compiler", "missing", f"{what}; on Debian: apt-get install gcc python3-dev")
    if known.vllm:
        yield Finding("vLLM", "ok", known.vllm)
    else:
        yield Finding("vLLM", "none", f"vLLM is not installed, so sampling.engine must be Transformers; {install}")


def _sandbox(seen: Inspection) -> Finding:
    """Return what confines the programs that a model writes."""
    weak = seen.software.weakness
    if weak:
        return Finding("sandbox", "missing", f"{weak}; use a newer kernel, or set evaluation.allowWeakIsolation: true")
    return Finding("sandbox", "ok", ", ".join(seen.software.sandbox))


def _disk(directory: Path) -> Finding:
    """Return the room for artifacts."""
    place, free = _existing(directory), _free(directory)
    if not os.access(place, os.W_OK):
        return Finding("disk", "missing", f"{place} cannot be written; name another directory with --workdir")
    if free < LEAST_DISK:
        return Finding("disk", "missing", f"{place} has {free // 2**20} MB free; free some, or name another --workdir")
    return Finding("disk", "ok", f"{free // GIB} GB free in {place}")


def _shared_memory(seen: Inspection) -> Finding:
    """Return the memory in which processes on several GPUs meet."""
    size = shutil.disk_usage(SHARED_MEMORY).total if SHARED_MEMORY.is_dir() else 0
    if len(seen.gpus.gpus) > 1 and size < LEAST_SHARED:
        text = f"{size // 2**20} MB are too few for several GPUs; give the container 1 GB (docker run --shm-size=1g)"
        return Finding(str(SHARED_MEMORY), "missing", text)
    return Finding(str(SHARED_MEMORY), "ok", f"{size / GIB:.1f} GB")


def _free(directory: Path) -> int:
    return shutil.disk_usage(_existing(directory)).free


def _existing(directory: Path) -> Path:
    """Return a directory, or the nearest one above it that is there."""
    return next(place for place in (directory, *directory.parents) if place.is_dir())
