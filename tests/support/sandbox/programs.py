"""Programs with known verdicts: correct ones in many styles, and what the official LiveCodeBench runner says of them.

The task is always the same: read n, then n whole numbers, print their sum. `official` is the verdict of the
official runner (commit 28fef95), which rejects many correct programs.
"""

from dataclasses import dataclass

from ssd_jobs.stages.grade import ProblemTests, Test

SUM = ProblemTests("stdin", "", (Test("3\n1 2 3\n", "6\n"), Test("1\n-7\n", "-7\n"), Test("4\n1 1 1 1\n", "4\n")))
SUM_FUNCTION = ProblemTests(
    "functional", "Solution.total", (Test("[[1, 2, 3]]", "6"), Test("[[-7]]", "-7"), Test("[[]]", "0"))
)


@dataclass(frozen=True)
class Style:
    """One way to write the program."""

    name: str
    source: str
    official: bool
    process: bool = True


STYLES = (
    Style("input", official=True, source="""
n = int(input())
print(sum(map(int, input().split())))
"""),
    Style("buffer_read", official=True, source="""
import sys
data = sys.stdin.buffer.read().split()
print(sum(map(int, data[1:])))
"""),
    Style("exit", official=True, source="""
input()
print(sum(map(int, input().split())))
exit()
"""),
    Style("sys_exit_zero", official=True, source="""
import sys
input()
print(sum(map(int, input().split())))
sys.exit(0)
"""),
    Style("guard_last", official=True, source="""
def main():
    input()
    print(sum(map(int, input().split())))
if __name__ == '__main__':
    main()
"""),
    Style("threads_with_big_stack", official=True, source="""
import sys, threading
def main():
    input()
    print(sum(map(int, input().split())))
sys.setrecursionlimit(10**6)
threading.stack_size(2**27)
t = threading.Thread(target=main)
t.start()
t.join()
"""),
    Style("eof_loop", official=True, source="""
total, first = 0, True
while True:
    try:
        line = input()
    except EOFError:
        break
    if not first:
        total += sum(map(int, line.split()))
    first = False
print(total)
"""),
    Style("iterate_stdin", official=False, source="""
import sys
lines = [line for line in sys.stdin]
print(sum(map(int, lines[1].split())))
"""),
    Style("buffer_readline", official=False, source="""
import sys
read = sys.stdin.buffer.readline
n = int(read())
print(sum(map(int, read().split()[:n])))
"""),
    Style("stdout_buffer", official=False, source="""
import sys
input()
sys.stdout.buffer.write(str(sum(map(int, input().split()))).encode())
"""),
    Style("global_in_helper", official=False, source="""
n = int(input())
def solve():
    global n
    n = sum(map(int, input().split()))
solve()
print(n)
"""),
    Style("open_zero", official=False, source="""
data = open(0).read().split()
print(sum(map(int, data[1:])))
"""),
    Style("own_stream", official=False, source="""
out = open(1, 'w')
input()
out.write(str(sum(map(int, input().split()))))
"""),
    Style("original_stream_kept", official=True, source="""
import os, sys
out = sys.stdout
sys.stdout = open(os.devnull, 'w')
input()
print('debug')
print(sum(map(int, input().split())), file=out)
"""),
    Style("text_kept_and_written_raw", official=False, source="""
import io, os, sys
real, sys.stdout = sys.stdout, io.StringIO()
input()
print(sum(map(int, input().split())))
os.write(1, sys.stdout.getvalue().encode())
"""),
    Style("no_stream_left", official=True, source="""
import sys
input()
print(sum(map(int, input().split())), flush=True)
sys.stdout = None
"""),
    Style("raw_and_gone", official=False, source="""
import os
data = os.read(0, 10**6).split()
os.write(1, str(sum(map(int, data[1:]))).encode())
os._exit(0)
"""),
    Style("fast_io", official=False, source="""
import os, sys
from io import BytesIO, IOBase
class FastIO(IOBase):
    def __init__(self, file):
        self._fd = file.fileno()
        self.buffer = BytesIO()
        self.writable = "x" in file.mode or "r" not in file.mode
        self.write = self.buffer.write if self.writable else None
    def readline(self):
        if not self.buffer.getvalue():
            self.buffer = BytesIO(os.read(self._fd, 1 << 20))
        return self.buffer.readline()
    def flush(self):
        if self.writable:
            os.write(self._fd, self.buffer.getvalue())
            self.buffer.truncate(0), self.buffer.seek(0)
class IOWrapper(IOBase):
    def __init__(self, file):
        self.buffer = FastIO(file)
        self.flush = self.buffer.flush
        self.writable = self.buffer.writable
        self.write = lambda s: self.buffer.write(s.encode("ascii"))
        self.readline = lambda: self.buffer.readline().decode("ascii")
sys.stdin, sys.stdout = IOWrapper(sys.stdin), IOWrapper(sys.stdout)
input = lambda: sys.stdin.readline().rstrip("\\r\\n")
input()
print(sum(map(int, input().split())))
"""),
    Style("os_read", official=False, source="""
import os
data = os.read(0, 10**6).split()
print(sum(map(int, data[1:])))
"""),
    Style("guard_not_last", official=False, source="""
def main():
    input()
    print(sum(map(int, input().split())))
if __name__ == '__main__':
    main()
done = True
"""),
    Style("quit", official=False, source="""
input()
print(sum(map(int, input().split())))
quit()
"""),
    Style("from_sys_import_stdin", official=True, source="""
from sys import stdin
stdin.readline()
print(sum(map(int, stdin.readline().split())))
"""),
    Style("sys_stdin_readline", official=True, source="""
import sys
sys.stdin.readline()
print(sum(map(int, sys.stdin.readline().split())))
"""),
    Style("dev_stdin", official=False, source="""
data = open('/dev/stdin').read().split()
print(sum(map(int, data[1:])))
"""),
    Style("from_future", official=False, source="""
from __future__ import annotations
input()
print(sum(map(int, input().split())))
"""),
    Style("import_resource", official=False, source="""
import resource
input()
print(sum(map(int, input().split())))
"""),
    Style("missing_import", official=True, process=False, source="""
input()
print(reduce(add, map(int, input().split())))
"""),
    Style("class_solution_in_stdin", official=False, source="""
class Solution:
    def run(self):
        input()
        print(sum(map(int, input().split())))
Solution().run()
"""),
    Style("recursion", official=True, source="""
import sys
sys.setrecursionlimit(10**6)
n = int(input())
a = list(map(int, input().split()))
def f(i, d):
    if d:
        return f(i, d - 1)
    return a[i] + f(i + 1, 0) if i < n else 0
print(f(0, 20000))
"""),
    Style("asyncio", official=True, source="""
import asyncio
async def main():
    input()
    print(sum(map(int, input().split())))
asyncio.run(main())
"""),
    Style("numpy", official=True, source="""
import numpy as np
input()
print(np.array(input().split(), dtype=np.int64).sum())
"""),
    Style("raise_recursion_stack", official=False, source="""
import resource
resource.setrlimit(resource.RLIMIT_STACK, (-1, -1))
input()
print(sum(map(int, input().split())))
"""),
    Style("print_float", official=True, source="""
input()
print(float(sum(map(int, input().split()))))
"""),
    Style("trailing_spaces", official=True, source="""
input()
print(sum(map(int, input().split())), ' \\n\\n')
"""),
    Style("readlines", official=True, source="""
import sys
lines = sys.stdin.readlines()
print(sum(map(int, lines[1].split())))
"""),
    Style("read_after_input", official=False, source="""
import sys
input()
print(sum(map(int, sys.stdin.read().split())))
"""),
    Style("atexit", official=False, source="""
import atexit
input()
total = sum(map(int, input().split()))
atexit.register(lambda: print(total))
"""),
    Style("unjoined_thread", official=False, source="""
import threading, time
def main():
    time.sleep(0.05)
    input()
    print(sum(map(int, input().split())))
threading.Thread(target=main).start()
"""),
)  # fmt: skip

FUNCTIONS = (
    Style("starter_types", official=True, source="""
class Solution:
    def total(self, values: List[int]) -> int:
        return sum(values)
"""),
    Style("without_class", official=True, source="""
def total(values):
    return sum(values)
"""),
    Style("float", official=True, source="""
class Solution:
    def total(self, values):
        return float(sum(values))
"""),
    Style("numpy_number", official=True, source="""
import numpy as np
class Solution:
    def total(self, values):
        return np.array(values, dtype=np.int64).sum()
"""),
    Style("fraction", official=True, source="""
from fractions import Fraction
class Solution:
    def total(self, values):
        return Fraction(sum(values))
"""),
    Style("main_guard_prints", official=True, source="""
class Solution:
    def total(self, values):
        return sum(values)
if __name__ == "__main__":
    print(Solution().total([1]), undefined)
"""),
    Style("prints_too", official=True, source="""
class Solution:
    def total(self, values):
        print("debugging", values)
        return sum(values)
"""),
    Style("one_tuple", official=False, process=False, source="""
class Solution:
    def total(self, values):
        return (sum(values),)
"""),
    Style("text", official=False, process=False, source="""
class Solution:
    def total(self, values):
        return str(sum(values))
"""),
    Style("in_place", official=False, process=False, source="""
class Solution:
    def total(self, values):
        values[:] = [sum(values)]
"""),
    Style("exit_in_function", official=False, process=False, source="""
class Solution:
    def total(self, values):
        print(sum(values))
        exit(0)
"""),
    Style("exit_before", official=False, process=False, source="""
exit(0)
class Solution:
    def total(self, values):
        return sum(values)
"""),
)  # fmt: skip
