"""Waiting for what happens elsewhere: look until it is so, fail with a reason when it never is."""

import time
from collections.abc import Callable, Sequence

from controlplane.errors import Unavailable
from controlplane.process import Server

__all__ = ["wait_until"]


def wait_until(ready: Callable[[], bool], *, what: str, servers: Sequence[Server] = (), seconds: float = 300) -> None:
    """Return when `ready` says so; fail at once when one of the servers it depends on has ended."""
    deadline = time.monotonic() + seconds
    while not ready():
        for server in servers:
            if server.pid is None:
                raise Unavailable(f"{server.name} ended before {what}; the end of {server.log}:\n{server.tail()}")
        if time.monotonic() > deadline:
            logs = "".join(f"\n--- {server.log}\n{server.tail()}" for server in servers)
            raise Unavailable(f"waited {seconds:.0f} s for {what} in vain.{logs}")
        time.sleep(0.05)
