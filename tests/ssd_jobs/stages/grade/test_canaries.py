"""Canaries: they have teeth, a wrong verdict stops everything, and forged answers void the shard."""

import dataclasses
import subprocess
import sys
from pathlib import Path

import pytest

from sandbox.fake import answer, fake_sandbox, outcome
from sandbox.fixtures import supervised
from sandbox.grading import grade_program
from sandbox.limits import limits
from sandbox.programs import FUNCTIONS, STYLES, SUM, SUM_FUNCTION, Style
from ssd_jobs.sandbox.client import Client
from ssd_jobs.sandbox.frames import Channel
from ssd_jobs.sandbox.protocol import Mode, Program
from ssd_jobs.stages.grade import Job, ProblemTests, Test, canaries, grade_many
from ssd_jobs.stages.grade.attacks import ATTACKS
from ssd_jobs.stages.grade.canaries import Canary, CanaryFailed
from ssd_jobs.stages.grade.shard import spoil

LIMITS = limits(cpu_seconds=2, wall_seconds=10, memory_mb=256)
MODES: tuple[Mode, ...] = ("Process", "LCB")
GOOD = "input()\nprint(sum(map(int, input().split())))"


@pytest.mark.parametrize("mode", MODES)
def test_all_canaries_get_their_verdicts(each_sandbox: Client, mode: Mode) -> None:
    """On a sound sandbox the good pass, and wrong ones and attacks do not."""
    verdicts = canaries.check(each_sandbox, mode=mode, limits=LIMITS)
    assert {name for name, verdict in verdicts.items() if verdict.passed} == {"good_stdin", "good_functional"}
    assert len(verdicts) == len(canaries.roster())


@pytest.mark.parametrize(
    "canary",
    [
        Canary("good_that_fails", "stdin", "print(0)", passes=True),
        Canary("attack_that_works", "stdin", GOOD, passes=False),
    ],
    ids=lambda canary: canary.name,
)
def test_a_wrong_verdict_aborts(sandbox: Client, canary: Canary) -> None:
    """A canary with another verdict than it must have names itself and stops the grading."""
    with pytest.raises(CanaryFailed, match=canary.name):
        canaries.check(sandbox, mode="Process", limits=LIMITS, canaries=[canary])


HARMLESS_OUTSIDE = {"files", "network", "new_processes", "signals", "descriptors"}


@pytest.mark.parametrize("attack", [a for a in ATTACKS if a.name in HARMLESS_OUTSIDE], ids=lambda attack: attack.name)
def test_attacks_have_teeth(attack: object, tmp_path: Path) -> None:
    """Where no wall stands the attack prints the right answer: a hole in the wall would make it pass."""
    source = next(a.source for a in ATTACKS if a is attack)
    spare = (tmp_path / "spare").open("w")
    done = subprocess.run(
        [sys.executable, "-c", source], input="3\n1 2 3\n", cwd=tmp_path, pass_fds=[spare.fileno()], text=True,
        capture_output=True, check=False, timeout=60,
    )  # fmt: skip
    spare.close()
    assert done.stdout == "6\n", done.stderr


TAKES_BACK = Style("takes_back", official=True, source=f"import os\nos.ftruncate(1, 0)\nos.lseek(1, 0, 0)\n{GOOD}")
LEAVES_EARLY = Style("leaves_early", official=True, source="import os\nos.write(3, b'6')\nos._exit(0)")
"""Programs that a model can write, and whose spoiled copies must be no evidence against the sandbox."""
SPOILED = [(SUM, style) for style in (*STYLES, TAKES_BACK)]
SPOILED += [(SUM_FUNCTION, style) for style in FUNCTIONS]
SPOILED += [(dataclasses.replace(SUM_FUNCTION, tests=SUM_FUNCTION.tests[:1]), LEAVES_EARLY)]


@pytest.mark.parametrize(("problem", "style"), SPOILED, ids=[f"{p.kind}-{s.name}" for p, s in SPOILED])
def test_a_spoiled_program_never_passes(sandbox: Client, problem: ProblemTests, style: Style) -> None:
    """Whatever a program is like, its spoiled copy fails in both modes."""
    for mode in MODES:
        verdict = grade_program(sandbox, problem, spoil(style.source, problem, "0123abcd"), mode=mode, limits=LIMITS)
        assert not verdict.passed
        assert not verdict.is_infra


@pytest.mark.parametrize("mode", MODES)
def test_honest_shards_are_untouched_by_canaries(sandbox: Client, mode: Mode) -> None:
    """Verdicts come in the order of the jobs, one each, with no trace of the canaries."""
    sources = [GOOD, "print(0)", None, "def f(:", GOOD] * 4
    jobs = [Job(number, SUM, source) for number, source in enumerate(sources)]
    seen = list(grade_many(sandbox, jobs, mode=mode, limits=LIMITS))
    assert [job.key for job, _ in seen] == list(range(len(jobs)))
    assert [verdict.passed for _, verdict in seen] == [source == GOOD for source in sources]


def test_a_sandbox_that_replays_answers_voids_the_shard(tmp_path: Path) -> None:
    """A sandbox that was taken over and sends right answers it remembers is found out by a spoiled program."""

    def forge(channel: Channel, _: Program) -> None:
        answer(channel, lambda data: outcome(stdout=str(sum(map(int, data.split()[1:]))).encode()))

    with fake_sandbox(tmp_path / "s", forge) as client, pytest.raises(CanaryFailed, match="spoiled"):
        for _ in grade_many(client, [Job(1, SUM, "print('wrong')")], mode="Process", limits=LIMITS):
            pass


def test_a_stored_run_graded_again_gives_the_same_verdicts(sandbox: Client, tmp_path: Path) -> None:
    """Hash order and unseeded randomness are the same in every run and every sandbox, so that verdicts are."""
    source = "import random\nprint(random.random(), sorted(map(hash, 'abc')), list({'a', 'b', 'c', 'd'}))"
    with sandbox.session(Program(source=source, limits=LIMITS)) as session:
        first = session.run(b"").stdout
    problem = ProblemTests("stdin", "", tuple(Test("", first.decode()) for _ in range(3)))
    with supervised(tmp_path / "s") as (other, _):
        for client in (sandbox, other):
            jobs = [Job(number, problem, source) for number in range(4)]
            assert all(verdict.passed for _, verdict in grade_many(client, jobs, mode="Process", limits=LIMITS))
