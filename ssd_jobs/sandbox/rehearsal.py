"""Tests of our own, run in the server itself before it forks anything.

What has run once is cheaper for every fork: Python has specialised the code and filled its caches. A fork that is the
first to run a line writes all that into pages that it shares, and pays for each with a page fault; page faults are
most of what a short test costs. Nothing here is hostile, so nothing is confined; the streams are put back afterwards.
"""

import os
import socket
from functools import partial

from ssd_jobs.sandbox import confine, process
from ssd_jobs.sandbox.bounds import Bounds
from ssd_jobs.sandbox.compiling import compile_program
from ssd_jobs.sandbox.memory import PassingMemory
from ssd_jobs.sandbox.protocol import Limits, Program
from ssd_jobs.sandbox.run import ProgramRun, SharedState

__all__ = ["rehearse"]

ROUNDS = 4
DATA = b"3\n1 2 3\n"
READS_LINES = """
import sys
from collections import Counter, defaultdict, deque
def main():
    n = int(input())
    values = list(map(int, input().split()))
    counts, graph, queue = Counter(values), defaultdict(list), deque([0])
    while queue:
        for value in sorted(values, key=lambda each: -each):
            graph[queue[-1]].append(value + n)
        queue.popleft()
    print(*values, sep=" ")
    print(f"{sum(counts)} {len(graph)}", max(values))
main()
"""
READS_ALL = """
import sys
values = list(map(int, sys.stdin.read().split()))
sys.stdout.write("\\n".join(str(value) for value in values if value % 2) + "\\n")
"""
RAISES = "values = [int(input()) for _ in range(9)]"
SOLUTION = """
class Solution:
    def total(self, values: List[int]) -> int:
        return sum(value for value in values)
"""
LIMITS = Limits(cpu_seconds=1, wall_seconds=1, memory_mb=1, output_mb=1)
"""A program has some, but there is nothing here that would hold these to them."""
PROGRAMS = (
    (Program(source=READS_LINES, limits=LIMITS), DATA),
    (Program(source=READS_ALL, limits=LIMITS), DATA),
    (Program(source=RAISES, limits=LIMITS), DATA),
    (Program(source=SOLUTION, limits=LIMITS, kind="functional", entry_point="Solution.total"), b"[[1, 2, 3]]"),
)


def rehearse() -> None:
    """Run every program as tests run: compiled where it runs, and compiled before."""
    kept = [os.dup(number) for number in range(confine.RETURN_FD + 1)]
    mine, other = socket.socketpair()
    memory = PassingMemory()
    for _ in range(ROUNDS):
        for program, data in PROGRAMS:
            text = memoryview(program.source.encode())
            ready = compile_program(text, program)
            for compiled in (partial(compile_program, text, program), lambda ready=ready: ready):
                shared = SharedState(confine.Confinement(0, filtered=False), mine, memory)
                ProgramRun(shared, program, Bounds.of(program, 0), data, compiled).rehearse()
    mine.close()
    other.close()
    for number, copy in enumerate(kept):
        os.dup2(copy, number)
        os.close(copy)
    process.open_streams()
