"""What the workers' side of a machine can do, as `ssd doctor` is told by a program that has their libraries."""

from ssd_jobs.contract.base import Model

__all__ = ["Software"]


class Software(Model):
    """What is installed, and what works; a version is empty where there is none."""

    torch: str
    transformers: str
    vllm: str
    """Of either build, with the name of its distribution."""
    fused: tuple[str, ...]
    """Optional libraries of kernels, with their versions."""
    builds_kernels: bool
    """Whether there are a C compiler and Python's headers, with which Triton builds what starts a GPU's kernels."""
    memory_mb: int
    """That processes may use together."""
    sandbox: tuple[str, ...]
    """The layers that confine a program here."""
    weakness: str
    """Why they are not strong enough; empty when they are."""
    attention: str
    """How the trainer keeps documents apart; empty without torch."""
    gpu_trouble: str
    """Why torch cannot use the GPUs; empty where it can, and where nobody asked."""
    collectives: str
    """What became of a sum over all GPUs by NCCL; empty where none was tried."""
