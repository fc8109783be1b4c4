"""The few kernel calls that Python has no name for, and the numbers of the calls that we forbid.

Our own table instead of libseccomp: the sandbox image then needs nothing but Python, and what is forbidden can
be read in one place. A machine type that is not in the table cannot run a sandbox.
"""

import ctypes
import os
import platform
from typing import Any

__all__ = ["MACHINE", "NUMBERS", "Prepared", "call", "errno", "fork", "libc", "make", "prctl", "prepared"]

PR_SET_PDEATHSIG = 1
PR_SET_SECCOMP = 22
PR_SET_NO_NEW_PRIVS = 38

MACHINE = platform.machine()

_LIBC = ctypes.CDLL(None, use_errno=True)
_PRCTL = _LIBC.prctl
_PRCTL.argtypes = [ctypes.c_int, *[ctypes.c_ulong] * 4]
# Keeps the interpreter's lock and its copy of errno: a fresh fork has one thread, and pays for all that it touches.
_BARE = ctypes.PyDLL(None)
_FORK = _BARE.fork
_ERRNO = _BARE["__errno_location"]
_ERRNO.restype = ctypes.c_void_p

Prepared = tuple[ctypes.c_long, ...]
"""A system call that only needs to be made: its number and its arguments."""

make = _BARE.syscall
"""Make a prepared call: `make(*prepared)`; below 0 it failed, and `errno` says why."""

_X86_64 = """
    shmget 29 shmat 30 socket 41 connect 42 bind 49 listen 50 socketpair 53 clone 56 fork 57 vfork 58 execve 59
    kill 62 semget 64 msgget 68 chmod 90 fchmod 91 chown 92 fchown 93 lchown 94 ptrace 101 syslog 103
    rt_sigqueueinfo 129 utime 132 personality 135 setpriority 141 sched_setparam 142 sched_setscheduler 144
    vhangup 153 modify_ldt 154 pivot_root 155 prctl 157 adjtimex 159 chroot 161 sync 162 acct 163 settimeofday 164
    mount 165 umount2 166 swapon 167 swapoff 168 reboot 169 sethostname 170 setdomainname 171 iopl 172 ioperm 173
    init_module 175 delete_module 176 quotactl 179 setxattr 188 lsetxattr 189 fsetxattr 190 removexattr 197
    lremovexattr 198 fremovexattr 199 tkill 200 sched_setaffinity 203 clock_settime 227 tgkill 234 utimes 235
    mq_open 240 kexec_load 246 add_key 248 request_key 249 keyctl 250 ioprio_set 251 migrate_pages 256
    fchownat 260 futimesat 261 fchmodat 268 unshare 272 move_pages 279 utimensat 280 rt_tgsigqueueinfo 297
    perf_event_open 298 fanotify_init 300 prlimit64 302 open_by_handle_at 304 clock_adjtime 305 syncfs 306 setns 308
    process_vm_readv 310 process_vm_writev 311 kcmp 312 finit_module 313 sched_setattr 314 memfd_create 319
    kexec_file_load 320 bpf 321 execveat 322 userfaultfd 323
"""
_GENERIC = """
    setxattr 5 lsetxattr 6 fsetxattr 7 removexattr 14 lremovexattr 15 fremovexattr 16 ioprio_set 30 umount2 39
    mount 40 pivot_root 41 chroot 51 fchmod 52 fchmodat 53 fchownat 54 fchown 55 vhangup 58 quotactl 60 sync 81
    utimensat 88 acct 89 personality 92 unshare 97 kexec_load 104 init_module 105 delete_module 106
    clock_settime 112 syslog 116 ptrace 117 sched_setparam 118 sched_setscheduler 119 sched_setaffinity 122
    kill 129 tkill 130 tgkill 131 rt_sigqueueinfo 138 setpriority 140 reboot 142 sethostname 161 setdomainname 162
    prctl 167 settimeofday 170 adjtimex 171 mq_open 180 msgget 186 semget 190 shmget 194 shmat 196 socket 198
    socketpair 199 bind 200 listen 201 connect 203 add_key 217 request_key 218 keyctl 219 clone 220 execve 221
    swapon 224 swapoff 225 migrate_pages 238 move_pages 239 rt_tgsigqueueinfo 240 perf_event_open 241 prlimit64 261
    fanotify_init 262 open_by_handle_at 265 clock_adjtime 266 syncfs 267 setns 268 process_vm_readv 270
    process_vm_writev 271 kcmp 272 finit_module 273 sched_setattr 274 memfd_create 279 bpf 280 execveat 281
    userfaultfd 282 kexec_file_load 294
"""
_EVERYWHERE = """
    pidfd_send_signal 424 io_uring_setup 425 io_uring_enter 426 io_uring_register 427 open_tree 428 move_mount 429
    fsopen 430 fsconfig 431 fsmount 432 fspick 433 pidfd_open 434 clone3 435 close_range 436 pidfd_getfd 438
    process_madvise 440
    mount_setattr 442 landlock_create_ruleset 444 landlock_add_rule 445 landlock_restrict_self 446 memfd_secret 447
    process_mrelease 448 fchmodat2 452 setxattrat 463 removexattrat 466 open_tree_attr 467
"""


def _table(*texts: str) -> dict[str, int]:
    """Read pairs of name and number."""
    words = " ".join(texts).split()
    return dict(zip(words[::2], map(int, words[1::2]), strict=True))


NUMBERS = {
    "x86_64": _table(_X86_64, _EVERYWHERE),
    **dict.fromkeys(("aarch64", "riscv64", "loongarch64"), _table(_GENERIC, _EVERYWHERE)),
}.get(MACHINE, {})


def call(name: str, *arguments: Any) -> int:
    """Make a system call by name; a failure is an OSError."""
    result = int(_LIBC.syscall(ctypes.c_long(NUMBERS[name]), *arguments))
    return _checked(result, name)


def prepared(name: str, *arguments: int) -> Prepared:
    """Return a system call that only needs to be made; what an argument points at must outlive it."""
    return tuple(ctypes.c_long(argument) for argument in (NUMBERS[name], *arguments))


def errno() -> int:
    """Return why the last call failed."""
    return ctypes.c_int.from_address(_ERRNO()).value


def prctl(option: int, value: int) -> None:
    """Set an attribute of this process; a failure is an OSError."""
    if _PRCTL(option, value, 0, 0, 0) < 0:
        _checked(-1, f"prctl {option}")


def fork() -> int:
    """Fork without the hooks of Python's own fork, which cost more than the fork itself.

    They renew locks of other threads and reseed `random`. Callers have one thread, and want equal seeds.
    """
    pid = int(_FORK())
    if pid < 0:
        raise OSError(errno(), f"fork: {os.strerror(errno())}")
    return pid


def libc(name: str, *arguments: Any) -> int:
    """Call a function of the C library that returns -1 with errno; a failure is an OSError."""
    return _checked(int(getattr(_LIBC, name)(*arguments)), name)


def _checked(result: int, name: str) -> int:
    if result < 0:
        code = ctypes.get_errno()
        raise OSError(code, f"{name}: {os.strerror(code)}")
    return result
