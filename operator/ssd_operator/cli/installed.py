"""What a command needs beyond the program itself, and how it is installed."""

import importlib.util

from ssd_operator.errors import InvalidInput
from ssd_operator.spec.resolved import ResolvedSpec

__all__ = ["is_there", "require", "require_for"]

WITHOUT_GPU = "; without a GPU see docs/installation.md, or set sampling.engine: Transformers"


def require(module: str, *, extra: str, otherwise: str = "") -> None:
    """Name the extra to install when a library is not there, before anything is started."""
    if not is_there(module):
        raise InvalidInput(f"{module} is not installed; run: pip install 'ssd-operator[{extra}]'{otherwise}")


def require_for(spec: ResolvedSpec) -> None:
    """Refuse an experiment whose stages could not start here."""
    require("torch", extra="worker")
    if spec.sampling.engine == "VLLM":
        require("vllm", extra="gpu", otherwise=WITHOUT_GPU)
    else:
        require("transformers", extra="worker")


def is_there(module: str) -> bool:
    """Tell whether a library is installed."""
    return importlib.util.find_spec(module) is not None
