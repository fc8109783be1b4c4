"""A sandbox that dies, hangs or lies costs a retry; only a program that takes it down alone gets a verdict for it."""

import itertools
import threading
from collections.abc import Callable
from pathlib import Path

import pytest

from sandbox.fake import HELLO, Behaviour, answer, fake_sandbox, outcome
from sandbox.grading import grade_program
from sandbox.limits import limits
from sandbox.programs import SUM
from ssd_jobs.errors import BadInput
from ssd_jobs.sandbox import frames
from ssd_jobs.sandbox.client import Client, SandboxDown, WeakIsolation
from ssd_jobs.sandbox.frames import Channel
from ssd_jobs.sandbox.protocol import Hello, Outcome, Program
from ssd_jobs.stages.grade import Job, Verdict, VerdictKind
from ssd_jobs.stages.grade.grading import grade_jobs

LIMITS = limits(cpu_seconds=0.01, wall_seconds=0.05)


def honest(data: bytes) -> Outcome:
    """Answer as a correct program does."""
    return outcome(stdout=f"{sum(map(int, data.split()[1:]))}\n".encode(), cpu_seconds=0.001)


def well(channel: Channel, _: Program) -> None:
    """Serve a program as a sandbox should."""
    answer(channel, honest)


def hang_up(channel: Channel, _: Program) -> None:
    """End without a word."""
    raise EOFError


def hang(channel: Channel, _: Program) -> None:
    """Say that the program compiled, then nothing."""
    channel.send(frames.encode("compiled"))
    threading.Event().wait(2)


def lie(channel: Channel, _: Program) -> None:
    """Claim an impossible outcome."""
    answer(channel, lambda _: outcome(cpu_seconds=-1.0))


def babble(channel: Channel, _: Program) -> None:
    """Send what is no frame."""
    channel.send(b"HTTP/1.1 200 OK\r\n\r\n")


def died_of(signal: int) -> Behaviour:
    """Return a server whose program's process ends by a signal."""
    return lambda channel, _: channel.send(frames.encode("died", {"signal": signal}))


FAILURES = {
    "dies": hang_up,
    "hangs": hang,
    "lies": lie,
    "babbles": babble,
    "is killed": died_of(9),
    "fails": died_of(0),
}


def _first(times: int, bad: Behaviour) -> Behaviour:
    """Return a server that misbehaves some times, then serves well."""
    turns = itertools.count()

    def serve(channel: Channel, program: Program) -> None:
        behave = bad if next(turns) < times else well
        behave(channel, program)

    return serve


def _grade(client: Client) -> Verdict:
    return grade_program(client, SUM, "program", mode="Process", limits=LIMITS)


@pytest.mark.parametrize("bad", FAILURES.values(), ids=FAILURES.keys())
def test_one_failure_costs_a_retry(tmp_path: Path, bad: Behaviour) -> None:
    """After any failure of the sandbox a correct program still gets its pass."""
    with fake_sandbox(tmp_path / "s", _first(1, bad)) as client:
        assert _grade(client).passed


@pytest.mark.parametrize("name", ["dies", "hangs", "lies", "babbles", "fails"])
def test_a_sandbox_that_never_works_is_an_infra_error(tmp_path: Path, name: str) -> None:
    """A failure that names no signal says nothing about the program, however often it comes."""
    with fake_sandbox(tmp_path / "s", FAILURES[name]) as client:
        assert _grade(client).kind is VerdictKind.INFRA_ERROR


@pytest.mark.parametrize(("signal", "kind"), [(9, VerdictKind.MLE), (11, VerdictKind.RTE)])
def test_a_program_that_takes_its_process_down_alone_has_a_verdict(
    tmp_path: Path, signal: int, kind: VerdictKind
) -> None:
    """The program gets mle or rte with the reason, and its neighbours their pass."""

    def serve(channel: Channel, program: Program) -> None:
        (died_of(signal) if program.source == "bomb" else well)(channel, program)

    with fake_sandbox(tmp_path / "s", serve) as client:
        jobs = [Job(number, SUM, "bomb" if number == 3 else "good") for number in range(8)]
        verdicts = {job.key: verdict for job, verdict in grade_jobs(client, jobs, mode="Process", limits=LIMITS)}
    assert verdicts[3].kind is kind
    assert f"signal {signal}" in verdicts[3].reason
    assert all(verdict.passed for key, verdict in verdicts.items() if key != 3)


def test_a_program_that_takes_the_server_down_alone_has_a_verdict(tmp_path: Path) -> None:
    """When the whole server goes with the program, the next server's greeting tells how."""
    deaths: list[int] = []

    def greet() -> Hello:
        return Hello(
            layers=HELLO.layers, workers=2, memory_mb=1024, generation=len(deaths), previous_signal=9 if deaths else 0
        )

    def fall(channel: Channel, _: Program) -> None:
        deaths.append(9)
        raise EOFError

    with fake_sandbox(tmp_path / "s", fall, hello=greet) as client:
        assert _grade(client).kind is VerdictKind.MLE
    assert len(deaths) == 2


@pytest.mark.parametrize("words", ["\x1b[2J\nSyntaxError: \x00 \ud800", "a" * 4000, "\u202ertl", "é" * 2000])
def test_the_words_of_a_sandbox_are_one_plain_line(tmp_path: Path, words: str) -> None:
    """What a sandbox gives as a compiler's message goes into tables and terminals: it is cut, and nothing obeys it."""

    def refuse(channel: Channel, _: Program) -> None:
        channel.send(frames.encode("compiled", b"", words.encode("utf-8", "replace")))

    with fake_sandbox(tmp_path / "s", refuse) as client:
        verdict = _grade(client)
    assert verdict.kind is VerdictKind.COMPILE_ERROR
    assert verdict.reason.isprintable()
    assert len(verdict.reason) <= 300


TIMES: dict[str, tuple[Callable[[int], float], bool]] = {
    "slow once, in company": (lambda turn: 1.0 if turn == 0 else 0.001, True),
    "slow always": (lambda _: 1.0, False),
}


@pytest.mark.parametrize(("cpu", "passes"), TIMES.values(), ids=TIMES.keys())
def test_a_time_out_is_run_again_alone(tmp_path: Path, cpu: Callable[[int], float], passes: bool) -> None:
    """A time-out counts only when it comes again with nothing beside it; the verdict says that it was rerun."""
    turns = itertools.count()

    def reply(data: bytes) -> Outcome:
        return outcome(stdout=honest(data).stdout, cpu_seconds=cpu(next(turns)))

    with fake_sandbox(tmp_path / "s", lambda channel, _: answer(channel, reply)) as client:
        verdict = _grade(client)
    assert verdict.rerun
    assert verdict.passed is passes
    assert passes or verdict.kind is VerdictKind.TLE


def test_second_runs_have_no_company(tmp_path: Path) -> None:
    """While a program is run again, no other program runs."""
    running, crowds = set[int](), list[int]()
    turns = itertools.count()

    def serve(channel: Channel, program: Program) -> None:
        turn = next(turns)
        running.add(turn)
        if turn >= 6:
            crowds.append(len(running))
        slow = turn < 6

        def reply(data: bytes) -> Outcome:
            return outcome(stdout=honest(data).stdout, cpu_seconds=1.0 if slow else 0.0)

        try:
            answer(channel, reply)
        finally:
            running.discard(turn)

    with fake_sandbox(tmp_path / "s", serve) as client:
        jobs = [Job(number, SUM, "program") for number in range(6)]
        verdicts = [verdict for _, verdict in grade_jobs(client, jobs, mode="Process", limits=LIMITS)]
    assert all(verdict.passed and verdict.rerun for verdict in verdicts)
    assert len(crowds) == 6


def test_no_sandbox_at_all(tmp_path: Path) -> None:
    """A client without a sandbox says which socket it tried."""
    with pytest.raises(SandboxDown, match="nowhere"):
        Client(tmp_path / "nowhere", connect_seconds=0.01).hello()


def test_a_weak_sandbox_is_refused(tmp_path: Path) -> None:
    """The grader trusts a sandbox only as far as its layers go, unless it is told to."""
    weak = Hello(layers={**HELLO.layers, "landlock": 4}, workers=1, memory_mb=1, generation=0, previous_signal=0)
    with fake_sandbox(tmp_path / "s", well, hello=lambda: weak) as client:
        with pytest.raises(WeakIsolation, match="allowWeakIsolation"):
            client.require_strong()
        assert client.require_strong(allow_weak=True) == weak


def test_a_test_cannot_ask_for_more_memory_than_the_sandbox_was_sized_for(tmp_path: Path) -> None:
    """Limits beyond the sandbox's own are a clear error, not a crash of the container."""
    with (
        fake_sandbox(tmp_path / "s", well) as client,
        pytest.raises(BadInput, match="memory_mb 2048"),
        client.session(Program(source="", limits=limits(memory_mb=2048))),
    ):
        pass
