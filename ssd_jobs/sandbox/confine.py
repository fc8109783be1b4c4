"""What stands between a test and everything else, prepared before the fork that goes behind it.

The server prepares what all tests share, a program's process adds its limits, and the test itself only makes the
few calls that cannot be inherited: each object that a fresh fork touches costs it a page fault, and page faults
are most of what a short test costs. The order matters: the filter comes last, because it forbids to undo the rest.
"""

import ctypes
import math
import os
import resource
import signal

from ssd_jobs.sandbox import landlock, seccomp, syscalls
from ssd_jobs.sandbox.protocol import Program

__all__ = [
    "FIRST_FREE_FD",
    "RETURN_FD",
    "STACK_BYTES",
    "Walls",
    "drop_capabilities",
    "end_compiling",
    "limit_program",
    "mapped_bytes",
]

MEGABYTE = 1024 * 1024
MAX_DESCRIPTORS = 64
RETURN_FD = 3
RULESET_FD = 4
FIRST_FREE_FD = 5
STACK_BYTES = {"Process": 256 * MEGABYTE, "LCB": 8 * MEGABYTE}
SIGKILL = int(signal.SIGKILL)


class Walls:
    """The calls that put a fresh fork behind its walls, ready to be made."""

    def __init__(self, landlock_abi: int, *, filtered: bool) -> None:
        self.restrict = landlock.restriction(landlock_abi, RULESET_FD) if landlock_abi else _nothing
        self.filter = seccomp.installer(seccomp.test_filter()) if filtered else _nothing

    def enter(self, *, parent: int, files: int, memory: int, output: int) -> None:
        """Turn this process into a test; the first descriptors are its own, all others close."""
        syscalls.prctl(syscalls.PR_SET_PDEATHSIG, SIGKILL)
        if os.getppid() != parent:
            os._exit(1)
        self.restrict()
        os.closerange(files, 1 << 16)
        resource.setrlimit(resource.RLIMIT_AS, (memory, memory))
        resource.setrlimit(resource.RLIMIT_FSIZE, (output, output))
        self.filter()


def _nothing() -> None:
    """Stand in for a wall that this kernel does not have."""


def drop_capabilities() -> None:
    """Give up every privilege of root, for good."""
    header = (ctypes.c_uint32 * 2)(0x20080522, 0)
    none = (ctypes.c_uint32 * 6)()
    syscalls.libc("capset", header, none)
    syscalls.prctl(syscalls.PR_SET_NO_NEW_PRIVS, 1)


def limit_program(program: Program, *, cpu_seconds: float, memory: int) -> None:
    """Put on a program's process the limits that its tests inherit.

    The kernel counts CPU time for its limit in ticks: its limit is the net below the exact clock that is read from
    outside. Address space bounds compiling too, until `end_compiling`: a large input is then held here as well.
    """
    cpu = math.ceil(cpu_seconds) + 1
    resource.setrlimit(resource.RLIMIT_CPU, (cpu, cpu + 1))
    resource.setrlimit(resource.RLIMIT_NOFILE, (MAX_DESCRIPTORS, MAX_DESCRIPTORS))
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    _soft(resource.RLIMIT_STACK, STACK_BYTES[program.mode])
    _soft(resource.RLIMIT_AS, memory)


def end_compiling() -> None:
    """Let this process hold inputs and outputs of any size that the protocol allows."""
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
