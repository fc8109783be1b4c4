"""A benchmark's own programs: what finds out which calls a check makes, and what holds the check against answers.

A check is a program that defines `check(candidate)`. In the stage `reference` the candidate is the reference solution,
and each of its calls is recorded. In `grade` the untrusted program is called with the same arguments in processes of
its own, and what it returned is read back to the check in another process, in which only the benchmark's code runs:
whatever a program does to its own process, to the names of Python or to its values, it does not reach the assertions.
Both are programs that read stdin and run in the sandbox; draws of `random` are the same in both.
"""

import json
from collections.abc import Sequence
from dataclasses import dataclass

__all__ = ["HELD", "JUDGE", "RECORDER", "BenchmarkCheck", "judged", "recorded"]

HELD = b"held"
"""What the judge prints when every assertion held."""

_HEAD = """
import io, json, random, sys
from ssd_jobs.sandbox.serial import tagged, untagged

def run(given, candidate_of):
    names = {"__name__": "check"}
    random.seed(0)
    exec(compile(given["reference"], "reference", "exec", dont_inherit=True), names)
    candidate = candidate_of(names.get(given["entry_point"]))
    exec(compile(given["check"], "check", "exec", dont_inherit=True), names)
    names["check"](candidate)

given, printed, sys.stdout = json.load(sys.stdin), sys.stdout, io.StringIO()
"""

RECORDER = (
    _HEAD
    + """
calls = []

def recorded(solution):
    def candidate(*arguments, **named):
        call = tagged([arguments, named])
        calls.append(call.decode())
        arguments, named = untagged(call)
        return untagged(tagged(solution(*arguments, **named)))
    return candidate

run(given, recorded)
json.dump(calls, printed)
printed.flush()
"""
)

JUDGE = (
    _HEAD
    + """
expected = iter(zip(given["calls"], given["answers"]))

def told(_):
    def candidate(*arguments, **named):
        call, answer = next(expected, ("", ""))
        assert tagged([arguments, named]).decode() == call, "the check asks for a call that the reference did not need"
        return untagged(answer)
    return candidate

run(given, told)
printed.write("held")
printed.flush()
"""
)


@dataclass(frozen=True, slots=True)
class BenchmarkCheck:
    """A test that is a program, and the calls that it makes: tagged arguments, in order."""

    entry_point: str
    reference: str
    check: str
    calls: tuple[str, ...] = ()


def recorded(check: BenchmarkCheck) -> bytes:
    """Return what the recorder reads."""
    return json.dumps(_given(check)).encode()


def judged(check: BenchmarkCheck, answers: Sequence[bytes]) -> bytes:
    """Return what the judge reads: the calls, and what a program answered, which may be any bytes."""
    texts = [answer.decode("utf-8", "replace") for answer in answers]
    return json.dumps({**_given(check), "calls": check.calls, "answers": texts}).encode()


def _given(check: BenchmarkCheck) -> dict[str, object]:
    """Return the benchmark's programs."""
    return {"entry_point": check.entry_point, "reference": check.reference, "check": check.check}
