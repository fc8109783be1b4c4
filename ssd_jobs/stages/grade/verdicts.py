"""Verdicts and how one test earns its own: from captured bytes, exit status and resource use, nothing else."""

from dataclasses import dataclass, field
from enum import StrEnum

from ssd_jobs.programs.checking import BenchmarkCheck
from ssd_jobs.sandbox.protocol import Kind, Limits, Mode, Outcome, Program
from ssd_jobs.stages.grade import comparison

__all__ = ["ProblemTests", "Test", "Verdict", "VerdictKind", "ended", "judge"]

SIGXCPU, SIGKILL, SIGALRM, SIGSEGV = 24, 9, 14, 11


class VerdictKind(StrEnum):
    """All verdicts there are; only `infra_error` says nothing about the program or the answer."""

    PASS = "pass"  # noqa: S105 - no password
    WRONG = "wrong"
    TLE = "tle"
    MLE = "mle"
    RTE = "rte"
    OLE = "ole"
    NO_CODE = "no_code"
    COMPILE_ERROR = "compile_error"
    NO_ANSWER = "no_answer"
    REFUSED = "refused"
    INFRA_ERROR = "infra_error"


@dataclass(frozen=True, slots=True)
class Test:
    """One input and its expected output; for a functional problem both are JSON, the input a list of arguments."""

    __test__ = False  # the name is the domain's; pytest need not look inside

    input: str
    output: str


@dataclass(frozen=True, slots=True)
class ProblemTests:
    """What programs are graded against; tests in the source's order."""

    kind: Kind
    entry_point: str
    tests: tuple[Test, ...]
    check: BenchmarkCheck | None = None
    """One more test, after the others, that is a program of the benchmark."""

    @property
    def total(self) -> int:
        """Return how many tests there are."""
        return len(self.tests) + (self.check is not None)


@dataclass(frozen=True, slots=True, kw_only=True)
class Verdict:
    """The verdict on one program, with what a person needs to believe it."""

    kind: VerdictKind
    reason: str
    failed_test: int = -1
    tests_run: int = 0
    tests_total: int = 0
    cpu_s: float = 0.0
    wall_s: float = 0.0
    rerun: bool = field(default=False)

    @property
    def passed(self) -> bool:
        """Return whether every test passed."""
        return self.kind is VerdictKind.PASS

    @property
    def is_infra(self) -> bool:
        """Return whether this is no verdict on the program at all."""
        return self.kind is VerdictKind.INFRA_ERROR


def judge(outcome: Outcome, test: Test, program: Program) -> tuple[VerdictKind, str]:
    """Return verdict and reason of one test."""
    failure = ended(outcome, program)
    if failure:
        return failure
    if _equal(outcome, test, program.mode, program.kind):
        return VerdictKind.PASS, ""
    return VerdictKind.WRONG, "the output is not the expected one"


def ended(outcome: Outcome, program: Program) -> tuple[VerdictKind, str] | None:
    """Return what ended the program before there was an answer, None when there is one."""
    failure = _failure(outcome, program.limits, program.mode)
    if failure is None and (program.kind != "stdin" or program.mode == "LCB") and outcome.returned is None:
        return VerdictKind.RTE, "the program ended before its answer was complete"
    return failure


def _failure(outcome: Outcome, limits: Limits, mode: Mode) -> tuple[VerdictKind, str] | None:
    """Return what ended the program before its output counts, None when it ended well."""
    if outcome.killed == "wall" or outcome.signal == SIGALRM:
        return VerdictKind.TLE, f"still running after {outcome.wall_seconds:.1f} s of wall time"
    over = mode == "Process" and outcome.cpu_seconds >= limits.cpu_seconds
    if outcome.killed == "cpu" or outcome.signal == SIGXCPU or over:
        return VerdictKind.TLE, f"used {outcome.cpu_seconds:.1f} s of CPU, the limit is {limits.cpu_seconds:g} s"
    if outcome.truncated:
        return VerdictKind.OLE, f"more output than {limits.output_mb} MB"
    return _death(outcome)


def _death(outcome: Outcome) -> tuple[VerdictKind, str] | None:
    """Return how a program ended that did not end by itself with status 0."""
    if outcome.killed == "threads":
        return VerdictKind.RTE, "started more threads than any solution needs"
    if outcome.signal == SIGKILL:
        return VerdictKind.MLE, "killed from outside its limits, as when the container is out of memory"
    if outcome.signal:
        hint = ", as too deep a recursion does" if outcome.signal == SIGSEGV else ""
        return VerdictKind.RTE, f"ended by signal {outcome.signal}{hint}"
    if outcome.exit_code:
        last = outcome.last_line()
        kind = VerdictKind.MLE if last.startswith("MemoryError") else VerdictKind.RTE
        return kind, f"exit status {outcome.exit_code}" + (f": {last}" if last else "")
    return None


def _equal(outcome: Outcome, test: Test, mode: Mode, kind: Kind) -> bool:
    """Compare by the rule of mode and kind."""
    if kind == "functional":
        rule = comparison.equal_exact if mode == "LCB" else comparison.equal_json
        return rule(outcome.returned or b"", test.output)
    if mode == "LCB":
        return comparison.equal_official((outcome.returned or b"").decode("utf-8", "replace"), test.output)
    return comparison.equal_lines(outcome.stdout.decode("utf-8", "surrogateescape"), test.output)
