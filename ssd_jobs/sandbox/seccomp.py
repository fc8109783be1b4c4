"""System call filters: one that the server puts on itself, a small one more for each test.

The server's filter is inherited by everything it forks and takes away what nobody in a sandbox needs: sockets,
namespaces, mounts, keys, tracing, signals by pid, exec, io_uring, changing the mode of files (which Landlock does
not cover). The filter of a test takes away what only the server and a program's process need: new processes, and
handles to others. It is small, because the kernel examines a filter each time one is installed.
"""

import ctypes
import errno
import struct

from ssd_jobs.sandbox import syscalls

__all__ = ["available", "install", "installation", "server_filter", "test_filter"]

ALLOW = 0x7FFF0000
KILL_PROCESS = 0x80000000
ERRNO = 0x00050000

LOAD, AND, EQUAL, ANY_BIT, AT_LEAST, RETURN = 0x20, 0x54, 0x15, 0x45, 0x35, 0x06
NUMBER, ARCH, FIRST_ARGUMENT, SECOND_ARGUMENT = 0, 4, 16, 24
X32_BIT = 0x40000000
ARCHES = {"x86_64": 0xC000003E, "aarch64": 0xC00000B7}

FILTER_MODE = 2
CLONE_THREAD = 0x00010000
AF_UNIX = 1
SOCK_STREAM = 1
SOCKET_TYPE_MASK = 0xF

NOBODY_NEEDS = """
    socket connect bind listen unshare setns mount umount2 pivot_root chroot open_tree open_tree_attr move_mount fsopen
    fsconfig fsmount fspick mount_setattr ptrace process_vm_readv process_vm_writev process_madvise process_mrelease
    pidfd_getfd kcmp keyctl add_key request_key bpf perf_event_open userfaultfd io_uring_setup io_uring_enter
    io_uring_register memfd_secret shmget shmat semget msgget mq_open personality modify_ldt iopl ioperm syslog acct
    reboot swapon swapoff sethostname setdomainname init_module finit_module delete_module kexec_load kexec_file_load
    quotactl fanotify_init open_by_handle_at settimeofday clock_settime adjtimex clock_adjtime vhangup sync syncfs
    chmod fchmod fchmodat fchmodat2 chown fchown lchown fchownat utime utimes futimesat utimensat setxattr lsetxattr
    fsetxattr setxattrat removexattr lremovexattr fremovexattr removexattrat setpriority ioprio_set migrate_pages
    move_pages sched_setparam sched_setscheduler sched_setattr
    execve execveat kill tkill tgkill rt_sigqueueinfo rt_tgsigqueueinfo
"""
TESTS_DO_NOT_NEED = "fork vfork memfd_create pidfd_open pidfd_send_signal"
ONLY_ON_ITSELF = ["prlimit64", "sched_setaffinity"]

Instruction = tuple[int, int, int, int]


def available() -> bool:
    """Return whether this machine's system calls are known."""
    return syscalls.MACHINE in ARCHES


def server_filter() -> bytes:
    """Return the filter of the server and of everything it starts."""
    return _program(
        *_deny(*NOBODY_NEEDS.split()),
        *(step for name in ONLY_ON_ITSELF for step in _unless(name, (EQUAL, 1, 0, 0))),
        *_private_pair(),
        # EPERM would tell the C library to give up on threads; ENOSYS makes it use clone, whose flags can be read.
        *_rule("clone3", errno.ENOSYS),
    )


def test_filter() -> bytes:
    """Return the filter of a test."""
    return _program(
        *_unless("clone", (ANY_BIT, 1, 0, CLONE_THREAD)),
        *_when("prctl", syscalls.PR_SET_PDEATHSIG),
        *_deny(*TESTS_DO_NOT_NEED.split()),
    )


def install(program: bytes) -> None:
    """Install a filter on this process, irrevocably."""
    syscalls.prctl(syscalls.PR_SET_NO_NEW_PRIVS, 1)
    mode = ctypes.c_long(syscalls.PR_SET_SECCOMP), ctypes.c_long(FILTER_MODE)
    syscalls.call("prctl", *mode, ctypes.byref(_header(program)))


def installation(program: bytes) -> tuple[syscalls.Prepared, object]:
    """Return the call that puts a filter on a process without new privileges, and what must outlive the call."""
    header = _header(program)
    return syscalls.prepared("prctl", syscalls.PR_SET_SECCOMP, FILTER_MODE, ctypes.addressof(header)), header


class _Header(ctypes.Structure):
    """How the kernel is told of a filter."""

    _fields_ = (("length", ctypes.c_ushort), ("steps", ctypes.c_char_p))


def _header(program: bytes) -> _Header:
    return _Header(len(program) // 8, program)


def _program(*body: Instruction) -> bytes:
    """Frame rules by the check of the machine type, and let pass what no rule names."""
    start: list[Instruction] = [
        (LOAD, 0, 0, ARCH),
        (EQUAL, 1, 0, ARCHES[syscalls.MACHINE]),
        (RETURN, 0, 0, KILL_PROCESS),
        (LOAD, 0, 0, NUMBER),
        (AT_LEAST, 0, 1, X32_BIT),
        (RETURN, 0, 0, KILL_PROCESS),
    ]
    return b"".join(struct.pack("HBBI", *step) for step in [*start, *body, (RETURN, 0, 0, ALLOW)])


def _rule(name: str, code: int = errno.EPERM) -> list[Instruction]:
    """Refuse one call; a call that this machine type lacks needs no rule."""
    if name not in syscalls.NUMBERS:
        return []
    return [(EQUAL, 0, 1, syscalls.NUMBERS[name]), (RETURN, 0, 0, ERRNO | code)]


def _deny(*names: str) -> list[Instruction]:
    return [step for name in names for step in _rule(name)]


def _unless(name: str, *tests: Instruction) -> list[Instruction]:
    """Refuse a call unless a test of its first argument jumps over the refusal."""
    inner = [(LOAD, 0, 0, FIRST_ARGUMENT), *tests, (RETURN, 0, 0, ERRNO | errno.EPERM), (LOAD, 0, 0, NUMBER)]
    return [(EQUAL, 0, len(inner), syscalls.NUMBERS[name]), *inner]


def _private_pair() -> list[Instruction]:
    """Allow the connected pair of streams that asyncio wakes its loop with; half a pair of datagrams could send on."""
    steps = [
        (LOAD, 0, 0, FIRST_ARGUMENT),
        (EQUAL, 0, 3, AF_UNIX),
        (LOAD, 0, 0, SECOND_ARGUMENT),
        (AND, 0, 0, SOCKET_TYPE_MASK),
        (EQUAL, 1, 0, SOCK_STREAM),
        (RETURN, 0, 0, ERRNO | errno.EPERM),
        (LOAD, 0, 0, NUMBER),
    ]
    return [(EQUAL, 0, len(steps), syscalls.NUMBERS["socketpair"]), *steps]


def _when(name: str, argument: int) -> list[Instruction]:
    """Refuse a call whose first argument has this value."""
    return _unless(
        name,
        (EQUAL, 0, 1, argument),
    )
