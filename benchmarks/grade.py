"""How fast grading is: our sandbox against a fresh interpreter per test and against LiveCodeBench's scheme.

`python benchmarks/grade.py [--programs 2000] [--long-programs 200]`. All three grade the same short programs on the
same tests with the same number of workers, and must agree on every program, else there is no figure. Our side pays
for everything it does in earnest: starting the sandbox, confinement of each test, spoiled copies among the programs.

LiveCodeBench's scheme is our own stand-in: a pool of processes with numpy loaded (the official evaluation module
imports it itself; what its command line loads besides, such as `datasets`, is left out in its favour); in it, per
program, one `Manager` (a process), one `Process` that runs all tests of the program inside itself, after the star
imports of the official prelude, with `open` and `sys.stdin` patched by `unittest.mock` for each test, and a join with
a wall limit. It has no isolation.

The last line is one JSON object; `ratio*` are its seconds over ours, for 1, 10 and 40 tests per program, and
`cpu_ratio*` the same of CPU time, that of every process which an arm started included: the figure that a busy machine
cannot blur.
"""

import argparse
import contextlib
import io
import json
import multiprocessing
import os
import resource
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Sequence
from concurrent.futures import ProcessPoolExecutor, ThreadPoolExecutor
from dataclasses import dataclass
from multiprocessing.managers import ListProxy
from pathlib import Path
from unittest import mock

import numpy as np

from ssd_jobs.sandbox import allowance, inprocess, local
from ssd_jobs.sandbox.protocol import Limits
from ssd_jobs.stages.grade import Job, ProblemTests, Test, comparison, grade_many

LIMITS = Limits(cpu_seconds=6, wall_seconds=60, memory_mb=512, output_mb=16)
STYLES = (
    "n = int(input())\nvalues = list(map(int, input().split()))\nprint(sum(values) * {k})",
    "import sys\nvalues = list(map(int, sys.stdin.read().split()))[1:]\nprint({k} * sum(values))",
    "def solve():\n    input()\n    total = 0\n    for word in input().split():\n        total += int(word) * {k}\n"
    "    return total\nprint(solve())",
    "from collections import Counter\ninput()\ncounts = Counter(map(int, input().split()))\n"
    "print(sum(value * times * {k} for value, times in counts.items()))",
    "n = int(input())\nvalues = list(map(int, input().split()))\nprint(sum(values) * {k} + 1)",
    "n = int(input())\nvalues = list(map(int, input().split()))\nprint(sum(values) // (n - n))",
)

Case = tuple[ProblemTests, str]
Grader = Callable[[Sequence[Case], int], tuple[list[bool], float]]
"""Returns what passed, and CPU time of processes that end without anybody to wait for them."""


def cases(count: int, tests: int) -> list[Case]:
    """Return short programs, two of six wrong, each with its own problem."""
    made = []
    for number in range(count):
        factor = number % 97 + 2
        rows = [[(number * 31 + test * 7 + place) % 1000 for place in range(5)] for test in range(tests)]
        pairs = [Test(f"5\n{' '.join(map(str, row))}\n", f"{factor * sum(row)}\n") for row in rows]
        made.append((ProblemTests("stdin", "", tuple(pairs)), STYLES[number % len(STYLES)].format(k=factor)))
    return made


def ours(work: Sequence[Case], workers: int) -> tuple[list[bool], float]:
    """Grade in the sandbox."""
    with local.spawn(workers=workers, memory_mb=LIMITS.memory_mb) as client:
        jobs = [Job(number, problem, source) for number, (problem, source) in enumerate(work)]
        passed = [verdict.passed for _, verdict in grade_many(client, jobs, mode="Process", limits=LIMITS)]
        return passed, _used_below(os.getpid())


def _used_below(pid: int) -> float:
    """Return the CPU time of all living descendants, and of those that they have waited for."""
    while True:
        # One that ends while we look is counted the next time, by whoever waited for it.
        with contextlib.suppress(FileNotFoundError, ProcessLookupError):
            return sum(_times(child) + _used_below(child) for child in _children(pid))


def _children(pid: int) -> list[int]:
    return [int(word) for word in Path(f"/proc/{pid}/task/{pid}/children").read_text().split()]


def _times(pid: int) -> float:
    words = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    return sum(map(int, words[11:15])) / os.sysconf("SC_CLK_TCK")


def fresh(work: Sequence[Case], workers: int) -> tuple[list[bool], float]:
    """Grade with one new interpreter per test."""
    with ThreadPoolExecutor(workers) as pool:
        return list(pool.map(_fresh, work)), 0.0


def _fresh(case: Case) -> bool:
    problem, source = case
    for test in problem.tests:
        command = [sys.executable, "-I", "-c", source]
        done = subprocess.run(command, input=test.input, capture_output=True, text=True, timeout=60, check=False)
        if done.returncode or not comparison.equal_lines(done.stdout, test.output):
            return False
    return True


def scheme(work: Sequence[Case], workers: int) -> tuple[list[bool], float]:
    """Grade as LiveCodeBench does: a pool, and in it a Manager and a Process per program."""
    with ProcessPoolExecutor(workers) as pool:
        return list(pool.map(_in_scheme, work)), 0.0


def _in_scheme(case: Case) -> bool:
    problem, source = case
    sample = json.dumps(
        {"inputs": [test.input for test in problem.tests], "outputs": [test.output for test in problem.tests]}
    )
    with multiprocessing.Manager() as manager:
        results, notes = manager.list(), manager.list()
        process = multiprocessing.Process(target=_all_tests, args=(sample, source, results, notes))
        process.start()
        process.join((LIMITS.cpu_seconds + 1) * len(json.loads(sample)["inputs"]) + 5)
        if process.is_alive():
            process.kill()
        return bool(len(results)) and bool(np.all(results[0]))


def _all_tests(sample: str, source: str, results: "ListProxy[list[bool]]", notes: "ListProxy[str]") -> None:
    """Run a program on all its tests in this process, and report through the manager."""
    tests = json.loads(sample)
    signal.signal(signal.SIGALRM, signal.SIG_DFL)
    names: dict[str, Callable[[], None]] = {}
    exec(inprocess.prepare(source, "stdin"), names)
    passed = []
    for given, expected in zip(tests["inputs"], tests["outputs"], strict=True):
        signal.alarm(int(LIMITS.cpu_seconds))
        printed = io.StringIO()
        try:
            with contextlib.redirect_stdout(printed):
                _patched(names["wrapped_function"], given)
        except Exception as error:  # noqa: BLE001 - a failing program is a result
            notes.append(repr(error))
            passed.append(False)
            break
        passed.append(comparison.equal_official(printed.getvalue(), expected))
        if not passed[-1]:
            break
    signal.alarm(0)
    results.append(passed)


def _patched(function: Callable[[], None], given: str) -> None:
    """Call a program with the names patched that the official runner patches, by the same means."""
    lines = iter(given.split("\n"))
    patches = {
        "sys.stdin.read": lambda *_: given,
        "sys.stdin.readlines": lambda *_: given.split("\n"),
        "sys.stdin.readline": lambda *_: next(lines),
        "sys.stdin": inprocess.FakeStdin(given),
        "builtins.open": mock.mock_open(read_data=given),
    }
    with contextlib.ExitStack() as stack:
        for name, stand_in in patches.items():
            stack.enter_context(mock.patch(name, stand_in))
        function()


@dataclass(frozen=True)
class Run:
    """What grading took, by the clock and in CPU time, and what came out."""

    seconds: float
    cpu_seconds: float
    passed: list[bool]


def timed(name: str, grader: Grader, work: Sequence[Case], workers: int) -> Run:
    """Grade, and say what it took."""
    started, used = time.perf_counter(), _waited_for()
    passed, others = grader(work, workers)
    run = Run(time.perf_counter() - started, _waited_for() - used + others, passed)
    what = f"{len(work)} programs x {len(work[0][0].tests)} tests on {workers} workers"
    print(f"{name:>8}: {what} in {run.seconds:.2f} s, {run.cpu_seconds:.2f} s of CPU", flush=True)
    return run


def _waited_for() -> float:
    """Return the CPU time of this process and of all that it has waited for."""
    used = [resource.getrusage(which) for which in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN)]
    return sum(each.ru_utime + each.ru_stime for each in used)


def _compared(suffix: str, mine: Run, theirs: Run) -> dict[str, float | int]:
    """Return how many times as much the other took."""
    return {
        f"ratio{suffix}": round(theirs.seconds / mine.seconds, 2),
        f"cpu_ratio{suffix}": round(theirs.cpu_seconds / mine.cpu_seconds, 2),
    }


def main(arguments: list[str]) -> int:
    """Measure and print the figures; 1 when the graders disagree."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--programs", type=int, default=2000, help="programs with one test each")
    parser.add_argument("--long-programs", type=int, default=200, help="programs with 10 and with 40 tests each")
    options = parser.parse_args(arguments)
    workers = allowance.whole_cores()
    figures: dict[str, float | int] = {"programs": options.programs, "workers": workers}
    for tests in (1, 10, 40):
        work = cases(options.programs if tests == 1 else options.long_programs, tests)
        mine, theirs = timed("sandbox", ours, work, workers), timed("scheme", scheme, work, workers)
        suffix = "" if tests == 1 else f"_{tests}"
        figures |= _compared(suffix, mine, theirs) | {f"seconds{suffix}": round(mine.seconds, 2)}
        agreed = mine.passed == theirs.passed
        if tests == 1:
            others = timed("fresh", fresh, work, workers)
            figures |= _compared("_fresh", mine, others)
            agreed = agreed and mine.passed == others.passed
        if not agreed:
            print(f"the graders disagree at {tests} tests per program: no figure", file=sys.stderr)
            return 1
    print(json.dumps(figures))
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
