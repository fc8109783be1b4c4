"""The log of the sandbox itself, on the stderr that it was started with.

A process that runs tests has theirs in the place of its own, so the server keeps a second hold on it. Tests close it.
"""

import contextlib
import os

__all__ = ["LOG_FD", "write"]

LOG_FD = 5


def write(message: str) -> None:
    """Write one line; nobody may be reading."""
    with contextlib.suppress(OSError):
        os.write(LOG_FD, f"sandbox: {message}\n".encode("utf-8", "replace"))
