"""What a command needs beyond the program itself, and how it is installed."""

import importlib.util

from ssd_operator.errors import InvalidInput

__all__ = ["is_there", "require"]


def require(module: str, *, extra: str) -> None:
    """Name the extra to install when a library is not there, before anything is started."""
    if not is_there(module):
        raise InvalidInput(f"{module} is not installed; run: pip install 'ssd-operator[{extra}]'")


def is_there(module: str) -> bool:
    """Tell whether a library is installed."""
    return importlib.util.find_spec(module) is not None
