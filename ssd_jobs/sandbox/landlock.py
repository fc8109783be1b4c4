"""File system, TCP and signal rules of the kernel's Landlock, through its three system calls.

A tested program may read the interpreter's own libraries and a few devices, and write nothing but /dev/null.
Everything else stays closed: other files, /proc of anybody, TCP, abstract sockets, and signals to whatever is
outside the test. Descriptors that the test inherits (memfds) are not files of any directory and keep working.
"""

import ctypes
import os
import struct
import sys
import sysconfig

from ssd_jobs.sandbox import syscalls

__all__ = ["SCOPES_ABI", "abi", "restriction"]

SCOPES_ABI = 6
"""The first version that also keeps signals and abstract sockets inside."""

CREATE_VERSION = 1
RULE_PATH_BENEATH = 1
LOG_SAME_EXEC_OFF = 1

WRITE_FILE, READ_FILE, READ_DIR = 1 << 1, 1 << 2, 1 << 3
ACCESS_BITS = {1: 13, 2: 14, 3: 15, 4: 15, 5: 16}
TCP_BOTH = 0b11
SCOPE_BOTH = 0b11

DEVICES = {"/dev/null": READ_FILE | WRITE_FILE, "/dev/zero": READ_FILE, "/dev/urandom": READ_FILE}
DIRECTORIES = ("/usr/lib", "/usr/lib64", "/lib", "/lib64", "/usr/share/zoneinfo")


def abi() -> int:
    """Return the kernel's Landlock version, 0 where there is none."""
    try:
        return syscalls.call("landlock_create_ruleset", None, ctypes.c_size_t(0), ctypes.c_uint32(CREATE_VERSION))
    except OSError:
        return 0


def restriction(version: int, descriptor: int) -> syscalls.Prepared:
    """Return the call that puts the rules, held at a descriptor, on a process without new privileges."""
    ruleset = _ruleset(version)
    os.dup2(ruleset, descriptor)
    os.close(ruleset)
    return syscalls.prepared("landlock_restrict_self", descriptor, LOG_SAME_EXEC_OFF if version >= 7 else 0)


def _ruleset(version: int) -> int:
    """Return a descriptor of the rules; it is opened once and then costs a test one call."""
    files = (1 << ACCESS_BITS[min(version, max(ACCESS_BITS))]) - 1
    attributes = struct.pack("QQQ", files, TCP_BOTH, SCOPE_BOTH)[: 8 if version < 4 else 16 if version < 6 else 24]
    ruleset = syscalls.call("landlock_create_ruleset", attributes, ctypes.c_size_t(len(attributes)), ctypes.c_uint32(0))
    for path in _libraries():
        _allow(ruleset, path, READ_FILE | READ_DIR)
    for path, access in DEVICES.items():
        _allow(ruleset, path, access)
    return ruleset


def _libraries() -> set[str]:
    """Return where Python and its extension modules come from."""
    names = ("stdlib", "platstdlib", "purelib", "platlib")
    base = f"{sys.base_prefix}/lib/python{sys.version_info.major}.{sys.version_info.minor}"
    return {*DIRECTORIES, *(sysconfig.get_path(name) for name in names), base}


def _allow(ruleset: int, path: str, access: int) -> None:
    """Add one rule; a path that this machine lacks needs none."""
    try:
        place = os.open(path, os.O_PATH | os.O_CLOEXEC)
    except FileNotFoundError:
        return
    try:
        rule = struct.pack("=Qi", access, place)
        arguments = (ctypes.c_int(ruleset), ctypes.c_int(RULE_PATH_BENEATH), rule, ctypes.c_uint32(0))
        syscalls.call("landlock_add_rule", *arguments)
    finally:
        os.close(place)
