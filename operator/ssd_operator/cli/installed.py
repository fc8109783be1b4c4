"""What a command needs beyond the program itself, and how it is installed."""

import importlib.util

from ssd_operator.errors import InvalidInput

__all__ = ["require"]


def require(module: str, *, extra: str) -> None:
    """Name the extra to install when a library is not there, before anything is started."""
    if importlib.util.find_spec(module) is None:
        raise InvalidInput(f"{module} is not installed; run: pip install 'ssd-operator[{extra}]'")
