"""Ports of this machine: one that is free, one that is taken."""

import socket
from collections.abc import Iterator
from contextlib import contextmanager

__all__ = ["free_port", "taken_port"]


def free_port() -> int:
    """Return a port that was free a moment ago."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


@contextmanager
def taken_port() -> Iterator[int]:
    """Listen on every address of this machine; yields the port."""
    with socket.socket() as taken:
        taken.bind(("", 0))
        taken.listen()
        yield int(taken.getsockname()[1])
