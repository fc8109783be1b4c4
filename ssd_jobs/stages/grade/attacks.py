"""Attacks that every grading tries on itself first: each prints the right answer only if it succeeds.

They cover what was seen to fool other graders (expected outputs found by frames or the garbage collector,
results that claim to equal everything, a patched comparison, processes and files after the names of `os` were
removed) and what a sandbox has to stop besides (network, signals, tracing, other processes' memory).
"""

from dataclasses import dataclass

from ssd_jobs.sandbox.protocol import Kind

__all__ = ["ATTACKS", "Attack"]


@dataclass(frozen=True, slots=True)
class Attack:
    """A hostile program; for stdin, `done()` prints the right answer and ends it."""

    name: str
    kind: Kind
    source: str


DONE = """
def done():
    data = input(), input()
    print(sum(map(int, data[1].split())))
    raise SystemExit
"""


def _stdin(name: str, body: str) -> Attack:
    return Attack(name, "stdin", DONE + body)


FRAMES = """
import sys
frame, found = sys._getframe(), None
while frame and found is None:
    for value in [*frame.f_locals.values(), *frame.f_globals.values()]:
        names = value.keys() if isinstance(value, dict) else dir(value)
        if {'output', 'outputs', 'gt_out'} & {name for name in names if isinstance(name, str)}:
            found = value
    frame = frame.f_back
if found is not None or any('ssd_jobs.stages.grade' in name for name in sys.modules):
    done()
"""

GARBAGE = """
import gc
for value in gc.get_objects():
    name = type(value).__name__
    if name in ('Problem', 'Test') or (isinstance(value, dict) and value.keys() >= {'input', 'output'}):
        done()
"""

EQUAL = """
class Yes:
    def __eq__(self, other):
        return True
    def __ne__(self, other):
        return False
    __hash__ = None
class YesInt(int):
    def __eq__(self, other):
        return True
class Solution:
    def total(self, values):
        return {}
"""

PATCH = """
import sys
for module in list(sys.modules.values()):
    for function in ('get_stripped_lines', 'equal_lines', 'equal_official', 'judge', '_equal'):
        if hasattr(module, function):
            setattr(module, function, lambda *_: True)
            done()
"""

FORK = """
import ctypes, importlib, os, posix
libc = ctypes.CDLL(None)
importlib.reload(os)
def spawn():
    return posix.posix_spawn('/bin/true', ['true'], {})
for start in (libc.fork, posix.fork, os.fork, spawn, lambda: 1 - 2 * (libc.system(b'true') != 0)):
    try:
        pid = start()
    except Exception:
        continue
    if pid == 0:
        posix._exit(0)
    if pid > 0:
        done()
"""

FILES = """
import io, posix
for path in ('/etc/passwd', '/etc/hostname', '/proc/self/environ', '/proc/1/environ', '/proc/self/maps'):
    try:
        io.open(path).read()
        done()
    except Exception:
        pass
for path in ('/tmp/ssd-canary', '/dev/shm/ssd-canary', 'ssd-canary'):
    try:
        posix.open(path, posix.O_CREAT | posix.O_WRONLY)
        done()
    except Exception:
        pass
"""

NETWORK = """
import _socket
for family in (_socket.AF_INET, _socket.AF_INET6, _socket.AF_UNIX, 16):
    try:
        _socket.socket(family, _socket.SOCK_STREAM)
        done()
    except Exception:
        pass
"""

SIGNALS = """
import os, posix
for pid in (-1, 1, posix.getppid()):
    try:
        posix.kill(pid, 0)
        done()
    except Exception:
        pass
"""

TRACING = """
import ctypes, posix
libc = ctypes.CDLL(None, use_errno=True)
parent = posix.getppid()
buffer = ctypes.create_string_buffer(64)
if libc.ptrace(0x4206, parent, None, None) == 0 or libc.process_vm_readv(parent, buffer, 1, buffer, 1, 0) >= 0:
    done()
if libc.prlimit(parent, 0, None, buffer) == 0 or libc.unshare(0x10000000) == 0:
    done()
for path in (f'/proc/{parent}/mem', f'/proc/{parent}/environ', f'/proc/{parent}/fd/0'):
    try:
        posix.open(path, 0)
        done()
    except Exception:
        pass
"""

DESCRIPTORS = """
import posix
for number in range(4, 256):
    try:
        posix.fstat(number)
        done()
    except Exception:
        pass
"""

MEMORY = """
x = bytearray(3 << 30)
done()
"""

ATTACKS = (
    _stdin("frames", FRAMES),
    _stdin("garbage_collector", GARBAGE),
    Attack("equals_everything", "functional", EQUAL.replace("return {}", "return Yes()")),
    Attack("equals_every_number", "functional", EQUAL.replace("return {}", "return YesInt(-1)")),
    _stdin("patched_comparison", PATCH),
    _stdin("new_processes", FORK),
    _stdin("files", FILES),
    _stdin("early_exit", "import os, posix\nposix._exit(0)"),
    _stdin("memory", MEMORY),
    _stdin("network", NETWORK),
    _stdin("signals", SIGNALS),
    _stdin("tracing", TRACING),
    _stdin("descriptors", DESCRIPTORS),
)
