"""The sandbox container's program, and the local child's: options, what can go wrong at the start, the supervisor.

Needs nothing but Python: no config, no environment, no volume but the directory of its socket.
"""

import argparse
import signal
import sys
from pathlib import Path

from ssd_jobs.sandbox import allowance, layers, namespaces, supervisor, syscalls

__all__ = ["main"]

BAD_INPUT = 64
MEGABYTE = 1024 * 1024


def main(arguments: list[str]) -> int:
    """Run the sandbox until it is stopped; return an exit code when it cannot start."""
    options = _parser().parse_args(arguments)
    if options.die_with_parent:
        syscalls.prctl(syscalls.PR_SET_PDEATHSIG, signal.SIGKILL)
    if not syscalls.NUMBERS:
        return _refuse(f"machines of type {syscalls.MACHINE} are not supported; use x86_64 or aarch64")
    workers = options.workers or allowance.whole_cores()
    problem = _too_little_memory(workers, options.memory_mb)
    own = namespaces.enter() if options.namespaces == "auto" and not problem else ()
    weak = layers.weakness(layers.detect(own))
    if weak and not options.allow_weak_isolation:
        problem = problem or f"isolation is too weak: {weak}; use a newer kernel, or set allowWeakIsolation: true"
    if problem:
        return _refuse(problem)
    greeting = {"layers": layers.detect(own), "workers": workers, "memory_mb": options.memory_mb}
    return supervisor.supervise(supervisor.listen(options.socket), greeting, own)


def _refuse(problem: str) -> int:
    """Log why no sandbox is started; return the exit code."""
    print(f"sandbox: {problem}", file=sys.stderr)  # noqa: T201 - the program's own message
    return BAD_INPUT


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m ssd_jobs.sandbox", description="Run untrusted programs.")
    parser.add_argument(
        "--socket", type=Path, required=True, help="where to listen; its directory decides who may connect"
    )
    parser.add_argument("--workers", type=int, default=0, help="programs at once; 0: the cores of the cgroup")
    parser.add_argument("--memory-mb", type=int, required=True, help="most memory that one test may ask for")
    parser.add_argument("--namespaces", choices=["auto", "none"], default="none", help="enter own namespaces")
    parser.add_argument("--allow-weak-isolation", action="store_true", help="run even without a strong layer")
    parser.add_argument("--die-with-parent", action="store_true", help="end when the process that started it ends")
    return parser


def _too_little_memory(workers: int, memory_mb: int) -> str:
    """Return why the container's memory does not hold all workers at their limit, empty when it does."""
    limit = allowance.memory_bytes()
    if limit is None or workers * memory_mb * MEGABYTE < limit:
        return ""
    return (
        f"{workers} workers x {memory_mb} MB do not fit into the memory limit of {limit // MEGABYTE} MB; "
        "lower memoryMb or workers, or raise the container's limit"
    )
