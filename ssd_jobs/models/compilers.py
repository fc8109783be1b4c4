"""torch.compile needs a compiler at run time: say so before anything is loaded, not from inside the first step."""

import shutil
import sysconfig
from pathlib import Path
from typing import Literal

from ssd_jobs.errors import BadInput

__all__ = ["builds_gpu_kernels", "require"]


def require(device: Literal["cpu", "cuda"]) -> None:
    """Refuse to compile where nothing can: kernels for a CPU are C++, those for a GPU are started by a C program."""
    if device == "cpu" and not _compiles_cpp():
        raise BadInput("training.compile: there is no C++ compiler (g++) for torch.compile; install one, or set false")
    if device == "cuda" and not _compiles_c():
        raise BadInput("training.compile: there is no C compiler (gcc) for torch.compile; install one, or set false")


def builds_gpu_kernels() -> bool:
    """Return whether Triton can build what starts a GPU's kernels: a C program, which includes Python's headers."""
    return _compiles_c() and Path(sysconfig.get_path("include"), "Python.h").is_file()


def _compiles_c() -> bool:
    """Return whether there is a C compiler."""
    return any(map(shutil.which, ("cc", "gcc", "clang")))


def _compiles_cpp() -> bool:
    """Return whether torch finds a C++ compiler, asking torch itself, which has its own rules."""
    from torch._inductor.cpp_builder import get_cpp_compiler
    from torch._inductor.exc import InvalidCxxCompiler

    try:
        get_cpp_compiler()
    except InvalidCxxCompiler:
        return False
    return True
