"""What confines a test: limits, Landlock and seccomp, prepared before the fork that enters them.

The server prepares what all tests share, a connection's process adds the limits of a program, and the test itself only
makes the calls: each object that a fresh fork touches costs it a page fault, and page faults are most of what a short
test costs. The order matters: the filter comes last, because it forbids to undo the rest.
"""

import ctypes
import math
import os
import resource
import signal
from dataclasses import dataclass

from ssd_jobs.sandbox import landlock, seccomp, syscalls
from ssd_jobs.sandbox.bounds import MEGABYTE, Bounds
from ssd_jobs.sandbox.protocol import Mode

__all__ = [
    "FIRST_FREE_FD",
    "RETURN_FD",
    "SIGKILL",
    "STACK_BYTES",
    "Confinement",
    "PreparedConfinement",
    "drop_capabilities",
    "end_compiling",
    "limit_compiling",
    "limit_connection",
    "limit_stack",
    "mapped_bytes",
]

MAX_DESCRIPTORS = 64
RETURN_FD = 3
RULESET_FD = 4
FIRST_FREE_FD = 6
LAST_FD = 2**32 - 1
STACK_BYTES: dict[Mode, int] = {"Process": 256 * MEGABYTE, "LCB": 8 * MEGABYTE}
SIGKILL = int(signal.SIGKILL)


@dataclass(frozen=True, slots=True)
class PreparedConfinement:
    """The system calls that confine a fresh fork, in order."""

    names: tuple[str, ...]
    calls: tuple[syscalls.Prepared, ...]
    kept: tuple[object, ...]
    """Memory that the calls point at."""

    def enter(self) -> str:
        """Make the calls; return the layer that failed and why, empty when all are in force."""
        for call in self.calls:
            if syscalls.make(*call) != 0:
                reason = os.strerror(syscalls.errno())
                return f"{self.names[self.calls.index(call)]}: {reason}"
        return ""


class Confinement:
    """The layers that do not depend on a program's limits: the Landlock restriction and the seccomp filter."""

    def __init__(self, landlock_abi: int, *, filtered: bool) -> None:
        self._restriction = [landlock.restriction(landlock_abi, RULESET_FD)] if landlock_abi else []
        self._filter = [seccomp.installation(seccomp.test_filter())] if filtered else []

    def prepare(self, bounds: Bounds) -> PreparedConfinement:
        """Return the calls for a test within these bounds; its first descriptors stay open, all others close."""
        limits = {
            "memory limit": _limit(resource.RLIMIT_AS, bounds.memory, bounds.memory),
            "output limit": _limit(resource.RLIMIT_FSIZE, bounds.file_bytes, bounds.file_bytes),
            "cpu limit": _limit(resource.RLIMIT_CPU, *_cpu(bounds.cpu)),
        }
        # In force in this order: seccomp last, because it forbids the calls before it.
        steps = [
            ("death with the parent", syscalls.prepared("prctl", syscalls.PR_SET_PDEATHSIG, SIGKILL)),
            *(("landlock", restriction) for restriction in self._restriction),
            ("closing descriptors", syscalls.prepared("close_range", bounds.files, LAST_FD, 0)),
            *((name, call) for name, (call, _) in limits.items()),
            *(("seccomp", call) for call, _ in self._filter),
        ]
        kept = tuple(each for _, each in [*limits.values(), *self._filter])
        return PreparedConfinement(tuple(name for name, _ in steps), tuple(call for _, call in steps), kept)


def _limit(which: int, soft: int, hard: int) -> tuple[syscalls.Prepared, object]:
    """Return the call that sets a limit of resources, and what it points at."""
    values = (ctypes.c_uint64 * 2)(soft, hard)
    return syscalls.prepared("prlimit64", 0, which, ctypes.addressof(values), 0), values


def _cpu(seconds: float) -> tuple[int, int]:
    """Return the kernel's limit of CPU time, in whole seconds: the net below the exact clock read from outside."""
    whole = math.ceil(seconds) + 1
    return whole, whole + 1


def drop_capabilities() -> None:
    """Drop all capabilities, irrevocably."""
    header = (ctypes.c_uint32 * 2)(0x20080522, 0)
    none = (ctypes.c_uint32 * 6)()
    syscalls.libc("capset", header, none)
    syscalls.prctl(syscalls.PR_SET_NO_NEW_PRIVS, 1)


def limit_connection() -> None:
    """Set the limits of a connection's process that every test inherits."""
    resource.setrlimit(resource.RLIMIT_NOFILE, (MAX_DESCRIPTORS, MAX_DESCRIPTORS))
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))


def limit_stack(mode: Mode) -> None:
    """Set the stack limit of the next tests to what a mode allows."""
    _soft(resource.RLIMIT_STACK, STACK_BYTES[mode])


def limit_compiling(bounds: Bounds) -> None:
    """Bound compiling as a test is bounded; a large input is then held here as well, until `end_compiling`."""
    resource.setrlimit(resource.RLIMIT_CPU, _cpu(bounds.cpu))
    _soft(resource.RLIMIT_AS, bounds.memory)


def end_compiling() -> None:
    """Lift the memory limit of `limit_compiling`, for inputs and outputs of any size that the protocol allows."""
    hard = resource.getrlimit(resource.RLIMIT_AS)[1]
    resource.setrlimit(resource.RLIMIT_AS, (hard, hard))


def _soft(which: int, value: int) -> None:
    """Set a soft limit, as far as the hard one allows; a program may then raise it to the hard one as usual."""
    hard = resource.getrlimit(which)[1]
    resource.setrlimit(which, (value if hard == resource.RLIM_INFINITY else min(value, hard), hard))


def mapped_bytes() -> int:
    """Return the address space of this process: what the warm interpreter has mapped is no program's use."""
    descriptor = os.open("/proc/self/statm", os.O_RDONLY)
    try:
        return int(os.read(descriptor, 100).split()[0]) * resource.getpagesize()
    finally:
        os.close(descriptor)
