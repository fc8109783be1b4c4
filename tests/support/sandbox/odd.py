"""Odd but right programs, and further hostile ones, found by people who tried to break the grader."""

from ssd_jobs.stages.grade import ProblemTests, Test

LINES = ProblemTests("stdin", "", (Test("3\n1 2 3\n", "6\n"), Test("2\n5 -5\n", "0\n")))
WINDOWS = ProblemTests("stdin", "", (Test("3\r\n1 2 3\r\n", "6\r\n"),))
LARGE = ProblemTests("stdin", "", (Test("1\n" + "7 " * 400_000 + "\n", "2800000\n"),))


def _function(arguments: str, expected: str) -> ProblemTests:
    return ProblemTests("functional", "Solution.f", (Test(arguments, expected),))


def _returns(expression: str) -> str:
    return f"class Solution:\n    def f(self, x):\n        return {expression}\n"


RIGHT: dict[str, tuple[ProblemTests, str]] = {
    "fileinput": (LINES, "import fileinput\nlines = list(fileinput.input())\nprint(sum(map(int, lines[1].split())))"),
    "stdin by its path": (LINES, "lines = open('/proc/self/fd/0').readlines()\nprint(sum(map(int, lines[1].split())))"),
    "mapped stdin": (LINES, "import mmap\nprint(sum(map(int, mmap.mmap(0, 0, prot=1).read().split()[1:])))"),
    "stdout by fdopen": (LINES, """
import os
input()
with os.fdopen(os.dup(1), 'w') as out:
    print(sum(map(int, input().split())), file=out)
"""),
    "stdout by its path": (LINES, "input()\nprint(sum(map(int, input().split())), file=open('/dev/stdout', 'a'))"),
    "carriage returns": (WINDOWS, "input()\r\nprint(sum(map(int, input().split())), end='\\r\\n')\r\n"),
    "blank lines after": (LINES, "input()\nprint(sum(map(int, input().split())), '\\n\\n')"),
    "its own class pickled": (LINES, """
import pickle
class Box:
    def __init__(self, values):
        self.values = values
input()
print(sum(pickle.loads(pickle.dumps(Box(list(map(int, input().split()))))).values))
"""),
    "match": (LINES, """
input()
match list(map(int, input().split())):
    case [first, *rest]:
        print(first + sum(rest))
"""),
    "deep recursion": (LINES, """
import sys
sys.setrecursionlimit(10**6)
def down(n):
    return 0 if n == 0 else 1 + down(n - 1)
input()
print(sum(map(int, input().split())) + down(100_000) - 100_000)
"""),
    "much memory": (LINES, "x = bytearray(300 << 20)\ninput()\nprint(sum(map(int, input().split())) + x[-1])"),
    "large input": (LARGE, "input()\nprint(sum(map(int, input().split())))"),
    "large output": (
        ProblemTests("stdin", "", (Test("", "12345678 " * (1 << 16)),)),
        "print('12345678 ' * (1 << 16))",
    ),
    "output of just the limit": (
        ProblemTests("stdin", "", (Test("", "x" * ((1 << 20) - 1) + "\n"),)),
        "print('x' * ((1 << 20) - 1))",
    ),
    "nested lists and tuples": (_function("[2]", "[[1, 2], [[3], []]]"), _returns("([1, x], ((3,), []))")),
    "a mapping": (_function("[2]", '{"a": {"b": [2]}}'), _returns("{'a': {'b': (x,)}}")),
    "whole keys": (_function("[2]", '{"2": true}'), _returns("{x: True}")),
    "nothing": (_function("[2]", "null"), _returns("None")),
    "infinity": (_function("[2]", "Infinity"), _returns("float('inf')")),
    "a hundred thousand entries": (_function("[100000]", str(list(range(10**5)))), _returns("list(range(x))")),
    "a static method": (_function("[2]", "4"), "class Solution:\n    @staticmethod\n    def f(x):\n        return x * x\n"),
    "a constructor": (_function("[2]", "5"), "class Solution:\n    def __init__(self):\n        self.k = 3\n    def f(self, x):\n        return x + self.k\n"),
    "a hash of 64 bits": (_function("[2]", str(2**64 - 1)), _returns("2**64 + x - 3")),
}  # fmt: skip

HOSTILE: dict[str, str] = {
    "signals by descriptors": """
import fcntl, os
for pid in (os.getppid(), *range(1, 41)):
    reading, writing = os.pipe()
    try:
        fcntl.fcntl(reading, fcntl.F_SETOWN, pid)
        fcntl.fcntl(reading, 10, 9)
        fcntl.fcntl(reading, fcntl.F_SETFL, fcntl.fcntl(reading, fcntl.F_GETFL) | os.O_ASYNC)
        os.write(writing, b'x')
    except OSError:
        pass
    os.close(reading)
    os.close(writing)
""",
    "a timer of another process": """
import ctypes, os, struct
event = ctypes.create_string_buffer(struct.pack('qiii', 0, 9, 4, os.getppid()).ljust(64, b'\\0'))
if ctypes.CDLL(None).syscall(222, 0, event, ctypes.byref(ctypes.c_int())) == 0:
    done()
""",
    "a program in memory": """
import ctypes, os
number = os.memfd_create('x')
os.write(number, b'#!/bin/echo 6')
ctypes.CDLL(None).syscall(322, number, b'', None, None, 0x1000)
os.execv(f'/proc/self/fd/{number}', ['x'])
""",
    "a system call of its own": """
import ctypes, mmap
code = mmap.mmap(-1, 4096, prot=7)
code.write(bytes.fromhex('b8390000000f05c3'))
if ctypes.CFUNCTYPE(ctypes.c_int)(ctypes.addressof(ctypes.c_char.from_buffer(code)))() > 0:
    done()
""",
    "the calls of x32": """
import ctypes, mmap
code = mmap.mmap(-1, 4096, prot=7)
code.write(bytes.fromhex('b8390000400f05c3'))
if ctypes.CFUNCTYPE(ctypes.c_int)(ctypes.addressof(ctypes.c_char.from_buffer(code)))() > 0:
    done()
""",
    "seals on its output": """
import fcntl, os
for number in (0, 1, 2):
    for seals in (1, 2, 4, 8, 16):
        try:
            fcntl.fcntl(number, 1033, seals)
        except OSError:
            pass
os.posix_fallocate(1, 0, 1 << 40)
""",
    "an alarm": "import signal, time\nsignal.setitimer(signal.ITIMER_REAL, 0.01)\ntime.sleep(5)\ndone()",
    "a clock of the processor": "import signal\nsignal.setitimer(signal.ITIMER_PROF, 0.01)\nwhile True:\n    pass",
    "a million lines": "print('\\n' * 10**6)\ndone()",
    "words of the grader": "import sys\nsys.stderr.write('MemoryError: 6')\nsys.exit(1)",
    "passing descriptors": """
import array, socket
ours, theirs = socket.socketpair()
for number in range(3, 32):
    try:
        ours.sendmsg([b'x'], [(socket.SOL_SOCKET, socket.SCM_RIGHTS, array.array('i', [number]))])
    except OSError:
        pass
print(0)
""",
    "an encoding": "# coding: utf-7\n+AHAAcgBpAG4AdAAoADYAKQ-",
}

FORGED = {
    "deep": "b'[' * 10**6 + b']' * 10**6",
    "a long number": "b'1' * 10**6",
    "a key twice": 'b\'{"a": 1, "a": 6}\'',
    "nothing": "b''",
    "not a number": "b'NaN'",
    "no end": "b'[6'",
    "more behind": "b'6 6'",
}
"""What a program writes as its result by itself; none of it is 6."""
