"""The namespaces that a workstation allows on top: own users, processes, mounts, network, IPC and host name.

A restricted pod allows none of them, a container often all but a new /proc; so combinations are tried from the
strongest down, each first in a child that is thrown away.
"""

import ctypes
import os
from pathlib import Path

from ssd_jobs.sandbox import syscalls

__all__ = ["available", "enter"]

FLAGS = {
    "user": 0x10000000,
    "mount": 0x00020000,
    "pid": 0x20000000,
    "net": 0x40000000,
    "ipc": 0x08000000,
    "uts": 0x04000000,
}
COMBINATIONS = (("user", "mount", "pid", "net", "ipc", "uts"), ("user", "net", "ipc", "uts"))
MS_NOSUID_NODEV_NOEXEC = 0b1110
MS_PRIVATE_RECURSIVE = (1 << 18) | (1 << 14)


def available() -> tuple[str, ...]:
    """Return the names of the strongest combination that works here."""
    return next((names for names in COMBINATIONS if _works(names)), ())


def enter() -> tuple[str, ...]:
    """Enter the strongest combination that works and return its names; a new pid namespace holds only children."""
    names = available()
    if names:
        _unshare(names)
    return names


def mount_proc() -> None:
    """Mount a /proc that shows the new pid namespace; called by its first process."""
    private = (b"none", b"/", None, ctypes.c_ulong(MS_PRIVATE_RECURSIVE), None)
    syscalls.libc("mount", *private)
    syscalls.libc("mount", b"proc", b"/proc", b"proc", ctypes.c_ulong(MS_NOSUID_NODEV_NOEXEC), None)


def _works(names: tuple[str, ...]) -> bool:
    """Try a combination in a child, and in a grandchild what only a child of it can do."""
    child = os.fork()
    if child == 0:
        code = 1
        try:
            _unshare(names)
            grandchild = os.fork()
            if grandchild == 0:
                if "pid" in names:
                    mount_proc()
                code = 0
            else:
                code = os.waitstatus_to_exitcode(os.waitpid(grandchild, 0)[1])
        except OSError:
            code = 1
        finally:
            os._exit(code)
    return os.waitpid(child, 0)[1] == 0


def _unshare(names: tuple[str, ...]) -> None:
    """Enter new namespaces, in which the current user is the only one."""
    user, group = os.geteuid(), os.getegid()
    syscalls.libc("unshare", ctypes.c_int(sum(FLAGS[name] for name in names)))
    Path("/proc/self/setgroups").write_text("deny")
    Path("/proc/self/uid_map").write_text(f"0 {user} 1")
    Path("/proc/self/gid_map").write_text(f"0 {group} 1")
