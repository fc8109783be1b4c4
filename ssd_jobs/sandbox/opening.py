"""The sandbox that a stage was given: the one of its pod, or one that is started beside it."""

import contextlib
from collections.abc import Iterator
from pathlib import Path

from ssd_jobs.contract import ProgramLimits, SandboxExecution
from ssd_jobs.errors import JobError, first_line
from ssd_jobs.sandbox import local
from ssd_jobs.sandbox.client import Client, SandboxFailure
from ssd_jobs.sandbox.protocol import Limits

__all__ = ["connect_sandbox", "limits_of"]


def limits_of(limits: ProgramLimits) -> Limits:
    """Return the limits of a config as the sandbox takes them."""
    return Limits(
        cpu_seconds=limits.cpu_seconds,
        wall_seconds=limits.wall_seconds,
        memory_mb=limits.memory_mb,
        output_mb=limits.output_mb,
    )


@contextlib.contextmanager
def connect_sandbox(execution: SandboxExecution, *, memory_mb: int) -> Iterator[Client]:
    """Reach the sandbox and insist on its isolation; if it fails for good, so does the stage."""
    weak = execution.allow_weak_isolation
    try:
        if execution.sandbox_socket:
            client = Client(Path(execution.sandbox_socket))
            client.require_strong(allow_weak=weak)
            yield client
        else:
            with local.spawn(workers=execution.workers, memory_mb=memory_mb, allow_weak=weak) as client:
                yield client
    except SandboxFailure as error:
        raise JobError(f"the sandbox did not do its work ({first_line(error)}); see its log, then run again") from error
