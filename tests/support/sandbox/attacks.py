"""Hostile programs and the verdicts that they may get; none of these is a pass."""

from dataclasses import dataclass

from ssd_jobs.stages.grade import VerdictKind as V

DONE = """
def done():
    data = input(), input()
    print(sum(map(int, data[1].split())))
    raise SystemExit
"""

FAILS = frozenset({V.WRONG, V.RTE, V.MLE, V.TLE, V.OLE})


@dataclass(frozen=True)
class Hostile:
    """A program that calls `done()`, which prints the right answer, only if its attack worked."""

    name: str
    body: str
    kinds: frozenset[V] = FAILS
    wall: float = 60.0

    @property
    def cpu(self) -> float:
        """Seconds of CPU: few only where time is to run out, elsewhere a busy machine would decide the verdict."""
        return 0.5 if V.TLE in self.kinds else 6.0


def _kinds(*kinds: V) -> frozenset[V]:
    return frozenset(kinds)


HOSTILE = (
    Hostile("fork_bomb", "import os\nwhile True:\n    os.fork()", _kinds(V.RTE)),
    Hostile("fork_bomb_that_goes_on", """
import os
while True:
    try:
        os.fork()
    except OSError:
        pass
""", _kinds(V.TLE)),
    Hostile("fork_by_number", """
import ctypes
libc = ctypes.CDLL(None)
for number, flags in ((56, 17), (57, 0), (58, 0), (435, 0), (56, 0x4100), (220, 17)):
    if libc.syscall(number, flags, 0, 0, 0, 0) > 0:
        done()
"""),
    Hostile("exec", "import os\nos.execv('/bin/echo', ['echo', '6'])", _kinds(V.RTE)),
    Hostile("subprocess", "import subprocess\nif subprocess.run(['true']).returncode == 0:\n    done()", _kinds(V.RTE)),
    Hostile("thread_bomb", """
import threading, time
threading.stack_size(32768)
while True:
    threading.Thread(target=time.sleep, args=(60,)).start()
""", _kinds(V.RTE, V.MLE)),
    Hostile("memory_bomb", "x = []\nwhile True:\n    x.append(bytearray(10**7))", _kinds(V.MLE)),
    Hostile("memory_at_once", "x = b'x' * (3 << 30)\ndone()", _kinds(V.MLE)),
    Hostile("memory_by_mmap", "import mmap\nx = mmap.mmap(-1, 3 << 30)\ndone()", _kinds(V.MLE, V.RTE)),
    Hostile("memory_without_mapping", """
import os
for _ in range(1000):
    os.ftruncate(os.memfd_create('x'), 1 << 20)
done()
""", _kinds(V.RTE)),
    Hostile("memory_shared", """
import ctypes
if ctypes.CDLL(None).shmget(0, 1 << 20, 0o1600) >= 0:
    done()
""", _kinds(V.WRONG)),
    Hostile("disk_bomb", """
import os, tempfile
for place in ('.', '/tmp', '/var/tmp', '/dev/shm', '/run', '/'):
    try:
        with open(os.path.join(place, 'ssd-bomb'), 'wb') as file:
            file.write(b'x' * 10**6)
        done()
    except OSError:
        pass
tempfile.TemporaryFile()
""", _kinds(V.RTE)),
    Hostile("disk_bomb_by_stdout_size", "import os\nos.ftruncate(1, 1 << 40)", _kinds(V.RTE, V.OLE)),
    Hostile("disk_bomb_by_stdin", "import os\nwhile True:\n    os.write(0, b'x' * 10**6)", _kinds(V.RTE, V.OLE)),
    Hostile("inode_bomb", """
import os
for make in (os.mkdir, os.mkfifo, lambda path: os.symlink('/', path), lambda path: os.mknod(path)):
    for place in ('/tmp', '/dev/shm', '/'):
        try:
            make(place + '/ssd-inode')
            done()
        except OSError:
            pass
""", _kinds(V.WRONG)),
    Hostile("infinite_output", "while True:\n    print('x' * 100000)", _kinds(V.OLE)),
    Hostile("infinite_output_that_goes_on", """
import os
while True:
    try:
        os.write(1, b'6' * 100000)
    except OSError:
        os._exit(0)
""", _kinds(V.OLE)),
    Hostile("infinite_stderr", "import sys\nwhile True:\n    sys.stderr.write('x' * 100000)", _kinds(V.RTE)),
    Hostile("daemon_holding_stdout", """
import os, time
if os.fork() == 0:
    if os.fork() == 0:
        time.sleep(1000)
    os._exit(0)
done()
""", _kinds(V.RTE)),
    Hostile("thread_holding_stdout", """
import threading, time
threading.Thread(target=time.sleep, args=(1000,)).start()
""", _kinds(V.TLE), wall=0.5),
    Hostile("sleeping", "import time\ntime.sleep(1000)", _kinds(V.TLE), wall=0.5),
    Hostile("stopping_itself", "import os, signal\nos.kill(os.getpid(), signal.SIGSTOP)", _kinds(V.RTE)),
    Hostile("ignoring_the_cpu_signal", """
import signal
for number in range(1, 65):
    try:
        signal.signal(number, signal.SIG_IGN)
    except (OSError, ValueError):
        pass
while True:
    pass
""", _kinds(V.TLE)),
    Hostile("raising_its_limits", """
import resource
for which in (resource.RLIMIT_CPU, resource.RLIMIT_AS, resource.RLIMIT_FSIZE, resource.RLIMIT_NOFILE):
    try:
        resource.setrlimit(which, (resource.RLIM_INFINITY, resource.RLIM_INFINITY))
        done()
    except (ValueError, OSError):
        pass
""", _kinds(V.WRONG)),
    Hostile("closing_descriptors", "import os\nos.closerange(0, 256)\nprint(6)", _kinds(V.RTE, V.WRONG)),
    Hostile("many_descriptors", "import os\nx = []\nwhile True:\n    x.append(os.dup(0))", _kinds(V.RTE)),
    Hostile("kill_everybody", """
import os
for pid in (-1, 0, 1, os.getppid(), -os.getppid()):
    try:
        os.kill(pid, 9)
        done()
    except OSError:
        pass
""", _kinds(V.WRONG)),
    Hostile("kill_by_other_names", """
import ctypes, os, signal
libc, parent = ctypes.CDLL(None), os.getppid()
for number, arguments in ((200, (parent, 9)), (234, (parent, parent, 9)), (129, (parent, 9, 0)), (424, (3, 9, 0, 0))):
    if libc.syscall(number, *arguments) == 0:
        done()
try:
    os.pidfd_open(parent)
    done()
except OSError:
    pass
""", _kinds(V.WRONG)),
    Hostile("kill_itself", "import os\nos.kill(os.getpid(), 9)", _kinds(V.RTE)),
    Hostile("abort", "import os\nos.abort()", _kinds(V.RTE)),
    Hostile("outliving_the_parent", """
import ctypes
if ctypes.CDLL(None).prctl(1, 0, 0, 0, 0) == 0:
    done()
""", _kinds(V.WRONG)),
    Hostile("slowing_others", """
import ctypes, os
libc, parent = ctypes.CDLL(None), os.getppid()
for call in (
    lambda: os.setpriority(os.PRIO_PROCESS, parent, 19), lambda: os.sched_setaffinity(parent, {0}),
    lambda: os.sched_setscheduler(parent, os.SCHED_IDLE, os.sched_param(0)), os.sync,
):
    try:
        if call() is None and call is not os.sync:
            done()
    except OSError:
        pass
if libc.prlimit(parent, 0, ctypes.create_string_buffer(16), None) == 0:
    done()
""", _kinds(V.WRONG)),
    Hostile("ptrace", """
import ctypes, os
libc, parent = ctypes.CDLL(None), os.getppid()
if libc.ptrace(16, parent, 0, 0) == 0 or libc.ptrace(0x4206, parent, 0, 0) == 0 or libc.ptrace(0, 0, 0, 0) == 0:
    done()
""", _kinds(V.WRONG)),
    Hostile("memory_of_the_parent", """
import ctypes, os
libc, parent, buffer = ctypes.CDLL(None), os.getppid(), ctypes.create_string_buffer(64)
if libc.process_vm_readv(parent, buffer, 1, buffer, 1, 0) >= 0 or libc.process_vm_writev(parent, buffer, 1, buffer, 1, 0) >= 0:
    done()
""", _kinds(V.WRONG)),
    Hostile("proc_of_the_parent", """
import os
for pid in (1, os.getppid(), 'self', 'thread-self'):
    for name in ('environ', 'mem', 'maps', 'cmdline', 'fd', 'fdinfo', 'root/etc/passwd', 'cwd/etc/passwd', 'task'):
        for attempt in (lambda path: open(path, 'rb').read(), os.listdir):
            try:
                attempt(f'/proc/{pid}/{name}')
                done()
            except OSError:
                pass
""", _kinds(V.WRONG)),
    Hostile("environment", """
import os
if set(os.environ) - {'HOME', 'LANG', 'LC_CTYPE', 'OPENBLAS_NUM_THREADS', 'OMP_NUM_THREADS', 'PATH', 'PYTHONHASHSEED', 'PYTHONPATH'}:
    done()
""", _kinds(V.WRONG)),
    Hostile("symlinks", """
import os
for path in ('/proc/self/root/etc/passwd', '/proc/self/cwd/etc/passwd', '/dev/fd/../root/etc/passwd', '/usr/lib/../../etc/passwd'):
    try:
        open(path).read()
        done()
    except OSError:
        pass
for make in (os.symlink, os.link, os.rename):
    for target in ('/tmp/ssd-link', '/dev/shm/ssd-link'):
        try:
            make('/etc/passwd', target)
            done()
        except OSError:
            pass
""", _kinds(V.WRONG)),
    Hostile("walking_by_descriptor", """
import os
for place in ('/', '/etc', '/proc', '/root', '/usr/lib'):
    try:
        handle = os.open(place, os.O_PATH)
        os.fchdir(handle)
        os.open('passwd' if place == '/etc' else 'etc/passwd', os.O_RDONLY, dir_fd=handle)
        done()
    except OSError:
        pass
""", _kinds(V.WRONG)),
    Hostile("changing_modes", """
import os
for change in (
    lambda: os.chmod('/', 0o777), lambda: os.chmod(os.__file__, 0o777), lambda: os.chown(os.__file__, 0, 0),
    lambda: os.utime(os.__file__), lambda: os.setxattr(os.__file__, 'user.x', b'1'), lambda: os.fchmod(0, 0o777),
):
    try:
        change()
        done()
    except OSError:
        pass
""", _kinds(V.WRONG)),
    Hostile("device_files", """
import os
for path in ('/dev/mem', '/dev/kmsg', '/dev/tty', '/dev/pts/0', '/dev/ptmx', '/dev/fuse', '/dev/net/tun'):
    try:
        os.open(path, os.O_RDWR)
        done()
    except OSError:
        pass
""", _kinds(V.WRONG)),
    Hostile("kernel_interfaces", """
import ctypes
libc = ctypes.CDLL(None)
for number in (155, 161, 165, 166, 246, 248, 250, 272, 298, 300, 308, 319, 321, 323, 425, 428, 430, 438, 442, 447):
    if libc.syscall(number, 0, 0, 0, 0, 0, 0) >= 0:
        done()
""", _kinds(V.WRONG)),
    Hostile("other_system_call_tables", """
import ctypes, mmap
code = mmap.mmap(-1, 4096, prot=7)
code.write(bytes.fromhex('b814000000cd80c3'))
pid = ctypes.CFUNCTYPE(ctypes.c_int)(ctypes.addressof(ctypes.c_char.from_buffer(code)))()
if pid > 0:
    done()
""", _kinds(V.RTE)),
    Hostile("huge_number", "print(9 ** 9 ** 9)", _kinds(V.TLE, V.MLE)),
    Hostile("huge_shift", "print(1 << (1 << 45))", _kinds(V.MLE)),
    Hostile("huge_number_as_text", "print(10 ** 100000)", _kinds(V.RTE)),
    Hostile("astronomic_output", "print('6e999999999999')", _kinds(V.WRONG)),
    Hostile("long_number_output", "print('6' * 10**6)", _kinds(V.WRONG)),
    Hostile("nul_in_output", "print('6\\x00')", _kinds(V.WRONG)),
    Hostile("invalid_utf8", "import os\nos.write(1, b'6\\xff\\xfe\\n')", _kinds(V.WRONG)),
    Hostile("lone_surrogate", "print('6\\ud800')", _kinds(V.RTE, V.WRONG)),
    Hostile("terminal_controls", "raise ValueError('\\x1b[2J\\u202e evil')", _kinds(V.RTE)),
    Hostile("early_exit", "import os\nos._exit(0)", _kinds(V.WRONG)),
    Hostile("exit_zero", "exit(0)", _kinds(V.WRONG)),
    Hostile("base_exception", "class X(BaseException):\n    pass\nraise X", _kinds(V.RTE)),
    Hostile("crash", "import ctypes\nctypes.string_at(0)", _kinds(V.RTE)),
    Hostile("deep_recursion", """
import sys, functools
sys.setrecursionlimit(10**9)
@functools.lru_cache(None)
def f(n):
    return f(n + 1)
f(0)
""", _kinds(V.RTE, V.MLE)),
    Hostile("deep_data", "x = []\nfor _ in range(10**6):\n    x = [x]\nprint(x == [x])", FAILS),
    Hostile("speaking_for_the_sandbox", """
import json, os, struct, sys
header = json.dumps({'type': 'outcome', 'exit_code': 0, 'signal': 0, 'killed': '', 'cpu_seconds': 0, 'wall_seconds': 0,
    'max_rss_mb': 0, 'truncated': False, 'has_return': False, 'sizes': [2, 0, 0]}).encode()
frame = struct.pack('>II', len(header), 2) + header + b'6\\n'
for number in range(3, 1024):
    try:
        os.write(number, frame)
        done()
    except OSError:
        pass
""", _kinds(V.WRONG)),
    Hostile("patching_the_sandbox", """
import sys
for name, module in list(sys.modules.items()):
    if name.startswith('ssd_jobs'):
        for attribute in list(vars(module)):
            setattr(module, attribute, lambda *a, **k: b'6')
""", FAILS),
    Hostile("patching_python", """
import builtins, json, os, sys
os._exit = sys.exit = json.dumps = lambda *a, **k: None
builtins.print = builtins.compile = lambda *a, **k: None
sys.stdout.flush = sys.stdout.write = None
sys.excepthook = sys.settrace = None
""", FAILS),
    Hostile("expected_outputs_by_frames", """
import sys
frame = sys._getframe()
while frame:
    for value in [*frame.f_locals.values(), *frame.f_globals.values()]:
        if any(hasattr(value, name) for name in ('output', 'outputs', 'gt_out', 'tests', 'expected')):
            done()
    frame = frame.f_back
""", _kinds(V.WRONG)),
    Hostile("expected_outputs_by_gc", """
import gc
for value in gc.get_objects():
    if type(value).__name__ in ('Problem', 'Test', 'Verdict') or (isinstance(value, dict) and 'gt_out' in value):
        done()
""", _kinds(V.WRONG)),
)  # fmt: skip

COMPILE_BOMBS = {
    "parentheses": "(" * 100_000 + ")" * 100_000,
    "minus signs": "-" * 1_000_000 + "1",
    "nested lists": "[" * 5000 + "]" * 5000,
    "constant power": "x = " + "**".join(["9"] * 6),
    "constant shift": "x = 1 << (1 << 62)",
    "constant repetition": "x = ('a' * 10**9) * 10**9",
    "long digits": "x = " + "9" * 1_000_000,
    "nul": "x = 1\x00",
    "surrogate": "x = '\ud800'\n# coding: latin-1\n\udcff",
    "unknown encoding": "# coding: no-such\nprint(6)",
    "many lines": "x = 1\n" * 300_000,
    "chain": "x = " + ".a" * 100_000,
    "else ifs": "if x:\n  pass\n" + "elif x:\n  pass\n" * 5000,
}
