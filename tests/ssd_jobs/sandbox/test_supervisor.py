"""The sandbox's own command line: it outlives its server, says why it does not start, and leaves nothing behind."""

import os
import resource
import select
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from sandbox.fixtures import ENVIRONMENT, server_of, supervised
from sandbox.grading import grade_program
from sandbox.limits import limits
from sandbox.programs import SUM
from ssd_jobs.sandbox import command, local, syscalls
from ssd_jobs.sandbox.client import Client
from ssd_jobs.sandbox.protocol import Program
from ssd_jobs.stages.grade import Job, ProblemTests, VerdictKind
from ssd_jobs.stages.grade.grading import grade_jobs

LIMITS = limits(memory_mb=256)
SUM_ONCE = ProblemTests("stdin", "", SUM.tests[1:2])
GOOD = "input()\nprint(sum(map(int, input().split())))"


def _passes(client: Client) -> bool:
    return grade_program(client, SUM, GOOD, mode="Process", limits=LIMITS).passed


@pytest.mark.parametrize("number", [signal.SIGKILL, signal.SIGTERM, signal.SIGSEGV], ids=str)
def test_a_dead_server_is_replaced(tmp_path: Path, number: signal.Signals) -> None:
    """After the server's death the same socket answers, and the greeting tells what ended the one before."""
    with supervised(tmp_path / "s") as (client, supervisor):
        assert _passes(client)
        for generation in (1, 2):
            os.kill(server_of(supervisor), number)
            hello = client.hello()
            assert (hello.generation, hello.previous_signal) == (generation, number)
            assert _passes(client)


def test_a_server_killed_under_load_changes_no_verdict(tmp_path: Path) -> None:
    """Programs that were running when the server died are run again and get the verdict that they deserve."""
    with supervised(tmp_path / "s") as (client, supervisor):
        jobs = [Job(number, SUM, GOOD if number % 2 else "print(0)") for number in range(60)]
        passed = {}
        for job, verdict in grade_jobs(client, _killing(jobs, supervisor), mode="Process", limits=LIMITS):
            passed[job.key] = verdict.passed
        assert passed == {number: bool(number % 2) for number in range(60)}
        assert client.hello().generation > 0


def _killing(jobs: list[Job[int]], supervisor: "subprocess.Popen[bytes]") -> list[Job[int]]:
    """Return jobs, one of which makes the grader kill the server while others run."""

    class Source(str):
        """A program that ends the server when it is about to be sent."""

        __slots__ = ()

        def encode(self, *arguments: str) -> bytes:
            os.kill(server_of(supervisor), signal.SIGKILL)
            return str.encode(self, *arguments)

    return [*jobs[:20], Job(20, SUM, Source("print(0)")), *jobs[21:]]


def test_a_test_that_cannot_be_confined_names_the_layer(tmp_path: Path) -> None:
    """Where a limit cannot be set, no line of the program runs; log and grader learn which layer failed, and why."""

    def forbid_large_files() -> None:
        resource.setrlimit(resource.RLIMIT_FSIZE, (1 << 16, 1 << 16))

    log = tmp_path / "log"
    with supervised(tmp_path / "s", log=log, before=forbid_large_files) as (client, _):
        verdicts = [grade_program(client, each, GOOD, mode="Process", limits=LIMITS) for each in (SUM, SUM_ONCE)]
    assert [verdict.kind for verdict in verdicts] == [VerdictKind.INFRA_ERROR] * 2
    assert all("output limit: Operation not permitted" in verdict.reason for verdict in verdicts)
    assert "sandbox: a test was not confined: output limit: Operation not permitted" in log.read_text()


def test_stopping_leaves_no_process(tmp_path: Path) -> None:
    """SIGTERM ends supervisor, server, and a program that is running."""
    with supervised(tmp_path / "s") as (client, supervisor):
        server = os.pidfd_open(server_of(supervisor))
        with client.session(Program(source="import time\ntime.sleep(100)", limits=LIMITS)):
            supervisor.send_signal(signal.SIGTERM)
            assert supervisor.wait(30) == 143
            assert select.select([server], [], [], 30)[0] == [server]
        os.close(server)


def test_the_local_sandbox_ends_with_its_context() -> None:
    """Nothing of a local sandbox is left: no socket, no process."""
    with local.spawn(workers=1, memory_mb=256) as client:
        path = client.path
        assert _passes(client)
    assert not path.parent.exists()


def test_a_local_sandbox_dies_with_the_process_that_started_it(tmp_path: Path) -> None:
    """A grader that is killed leaves no sandbox behind."""
    script = (
        "import sys\nfrom ssd_jobs.sandbox import local\nwith local.spawn(workers=1, memory_mb=256) as client:\n"
        "    print(client.path, flush=True)\n    sys.stdin.read()\n"
    )
    with subprocess.Popen(
        [sys.executable, "-c", script],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
        env=ENVIRONMENT,
    ) as grader:
        assert grader.stdout is not None
        path = Path(grader.stdout.readline().strip())
        child = os.pidfd_open(int(Path(f"/proc/{grader.pid}/task/{grader.pid}/children").read_text().split()[0]))
        grader.kill()
        assert select.select([child], [], [], 30)[0] == [child]
        os.close(child)
    path.unlink()
    (path.parent / "log").unlink()
    path.parent.rmdir()


def _refusal(*arguments: str) -> "subprocess.CompletedProcess[str]":
    command = [sys.executable, "-m", "ssd_jobs.sandbox", *arguments]
    return subprocess.run(command, env=ENVIRONMENT, capture_output=True, text=True, timeout=60, check=False)


def test_without_a_socket_the_sandbox_says_so() -> None:
    """A missing argument is an error in words."""
    refusal = _refusal("--workers=1")
    assert refusal.returncode == 2
    assert "--socket" in refusal.stderr
    assert "Traceback" not in refusal.stderr


def test_an_unknown_machine_type_is_refused(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """Where no system call has a known number there is no sandbox, not even a weak one, and one sentence says so."""
    monkeypatch.setattr(syscalls, "NUMBERS", {})
    monkeypatch.setattr(syscalls, "MACHINE", "vax")
    assert command.main([f"--socket={tmp_path}/s", "--memory-mb=64", "--allow-weak-isolation"]) == 64
    assert capsys.readouterr().err == "sandbox: machines of type vax are not supported; use x86_64 or aarch64\n"


def test_a_program_finds_a_clean_environment(tmp_path: Path) -> None:
    """Nothing of the environment that the sandbox was started in reaches a program."""
    with (
        supervised(tmp_path / "s") as (client, _),
        client.session(
            Program(source="import os, json\nprint(json.dumps(dict(os.environ)))", limits=LIMITS)
        ) as session,
    ):
        printed = session.run(b"").stdout.decode()
    assert "LANG" in printed
    assert "SECRET" not in printed
    assert str(tmp_path) not in printed
