"""The launcher keeps exit codes, gives time to checkpoint, and notices lost peers.

Everything is started at once, because most of it is waiting: the longest is a checkpoint that takes a minute.
"""

import json
import signal
import subprocess
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import torch.distributed as dist

from configs.train import train_config
from processes import gang, ports, survivors
from processes.ranks import on_ranks
from ssd_jobs.contract import files
from ssd_jobs.errors import ExitCode
from ssd_jobs.stages.train import job
from ssd_jobs.stages.train.checkpoint import COMPLETE
from ssd_jobs.stages.train.launcher import worker
from workspaces import training

pytestmark = pytest.mark.endurance

CODES = {"64": 64, "143": 143, "killed": 1}
SLOW_S = 60
Process = subprocess.Popen[str]


class Running:
    """All launchers of this module."""

    def __init__(self, root: Path) -> None:
        self.root = training.workspace(root, steps=4)
        self.codes = {mode: gang.stand_in(mode, self.config(f"code-{mode}", gpus_per_node=2)) for mode in CODES}
        self.slow = gang.stand_in(f"slow{SLOW_S}", self.config("slow", gpus_per_node=2, grace_period_s=90.0))
        self.hasty = gang.stand_in("slow30", self.config("hasty", gpus_per_node=2, grace_period_s=2.0))
        self.lost_config = self.config("lost", nodes=2, rendezvous_timeout_s=120.0)
        self.lost = [gang.stand_in("forever", self.lost_config, node=node) for node in (0, 1)]
        pair = self.config("pair", nodes=2, rendezvous_timeout_s=120.0)
        self.pair = [gang.real(pair, node=node) for node in (0, 1)]

    def config(self, name: str, **execution: Any) -> Path:
        """Write a config of its own for one gang, whose mailbox lies below this test's folder."""
        execution = {"master_port": ports.free_port(), **execution}
        return gang.write(
            train_config(self.root, output=f"checkpoints/{name}", **execution),
            self.root / f"{name}.json",
        )

    def await_workers(self, mode: str, ranks: tuple[int, ...]) -> None:
        """Wait until stand-ins of this mode run."""
        mailboxes = Path(tempfile.gettempdir())
        _until(lambda: all((mailboxes / f"started-{mode}-{rank}").exists() for rank in ranks))

    def stop(self) -> None:
        """End what is left."""
        for process in [*self.codes.values(), self.slow, self.hasty, *self.lost, *self.pair]:
            process.kill()
            process.wait()


def _until(condition: Any) -> None:
    """Wait for another process."""
    deadline = time.monotonic() + 240
    while not condition():
        assert time.monotonic() < deadline, "another process did not get there"
        time.sleep(0.05)


@pytest.fixture(scope="module")
def running(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Running]:
    root = tmp_path_factory.mktemp("launcher")
    folder = tempfile.tempdir
    tempfile.tempdir = str(root)
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("TMPDIR", str(root))
        everything = Running(root)
        everything.await_workers(f"slow{SLOW_S}", (0, 1))
        everything.slow.send_signal(signal.SIGTERM)
        everything.await_workers("slow30", (0, 1))
        everything.hasty.send_signal(signal.SIGTERM)
        everything.await_workers("forever", (0, 1))
        everything.lost[1].kill()
    yield everything
    tempfile.tempdir = folder
    everything.stop()


def _ended(process: Process) -> tuple[int, str]:
    """Return a launcher's exit code and the last line that it said."""
    _, said = process.communicate(timeout=240)
    return process.returncode, said.strip().splitlines()[-1] if said.strip() else ""


@pytest.mark.parametrize("mode", CODES)
def test_the_code_of_the_rank_that_failed_first_is_the_launchers(running: Running, mode: str) -> None:
    """A rank's 64, 75 or 143 is the pod's; what its survivors say of a lost peer is not."""
    code, said = _ended(running.codes[mode])
    assert code == CODES[mode]
    assert ("died without a word: Signal 9" if mode == "killed" else f"rank 1 ends with {mode}") in said


def test_two_agents_agree_with_one(running: Running) -> None:
    """Two launchers with static rendezvous train to the same weights as one process does."""
    assert [_ended(process)[0] for process in running.pair] == [0, 0]
    on_ranks(1, _alone, running.root)
    final = [
        on_ranks(1, training.final_state, running.root, output)[0]
        for output in ("checkpoints/pair", "checkpoints/alone")
    ]
    assert training.distance(*final) < 1e-5
    manifest = json.loads((running.root / f"checkpoints/pair/{files.MANIFEST}").read_text())
    assert manifest["facts"]["world_size"] == 2
    assert manifest["facts"]["guard"] == "passed"


def _alone(ranks: Any, root: Path) -> None:
    """Train the same in one process."""
    config = train_config(root, output="checkpoints/alone")
    (root / config.output).mkdir()
    import threading

    from ssd_jobs.progress.recorder import Progress

    job.Training(config, ranks).run(Progress(), threading.Event())


def test_sigterm_to_one_node_ends_both_with_a_checkpoint(running: Running) -> None:
    """All ranks agree to stop at the next step, save, and every launcher exits 143."""
    training.workspace(running.root / "long", steps=2000)
    config = train_config(
        running.root / "long", steps=2000, nodes=2, master_port=ports.free_port(), checkpoint_every_steps=1
    )
    path = gang.write(config, running.root / "long.json")
    nodes = [gang.real(path, node=node) for node in (0, 1)]
    steps = running.root / "long" / config.output / files.CHECKPOINTS
    _until(lambda: list(steps.glob(f"*/{COMPLETE}")))
    nodes[1].send_signal(signal.SIGTERM)
    ends = [_ended(node) for node in nodes]
    assert [code for code, _ in ends] == [143, 143]
    step = int(ends[0][1].split("after step ")[1].split(";")[0])
    assert (steps / files.step(step) / COMPLETE).exists()


def test_a_lost_peer_ends_the_others_with_75(running: Running) -> None:
    """Even where no collective notices, because every launcher listens to the others' heartbeats."""
    code, said = _ended(running.lost[0])
    assert code == ExitCode.TEMPORARY
    assert "node 1 has been silent" in said
    _until(lambda: not survivors.with_word(str(running.lost_config)))


@pytest.mark.parametrize("moment", ["start", "training"])
def test_no_worker_outlives_a_killed_launcher(tmp_path: Path, moment: str) -> None:
    """Neither one that trains nor one that still imports what it trains with."""
    root = training.workspace(tmp_path, steps=2000)
    config = train_config(root, steps=2000, nodes=2, master_port=ports.free_port(), checkpoint_every_steps=1)
    path = gang.write(config, tmp_path / "killed.json")
    launchers = [gang.real(path, node=node) for node in (0, 1)]
    steps = root / config.output / files.CHECKPOINTS
    if moment == "start":
        _until(lambda: len(survivors.with_word(str(path))) > len(launchers))
    else:
        _until(lambda: list(steps.glob(f"*/{COMPLETE}")))
    for launcher in launchers:
        launcher.kill()
        launcher.communicate()
    _until(lambda: not survivors.with_word(str(path)))


def test_a_checkpoint_slower_than_the_grace_period_is_given_up(running: Running) -> None:
    """The launcher ends on time with 143 and says what to change."""
    code, said = _ended(running.hasty)
    assert code == ExitCode.TERMINATED
    assert "no checkpoint within 2 s" in said


def test_a_checkpoint_of_a_minute_survives_sigterm(running: Running) -> None:
    """Workers get the whole grace period, not torchrun's thirty seconds."""
    code, said = _ended(running.slow)
    assert code == ExitCode.TERMINATED
    assert "stopped after a slow checkpoint" in said


@pytest.mark.parametrize(
    ("error", "code"),
    [
        (dist.DistNetworkError("timed out"), 75),
        (RuntimeError("[gloo/transport/tcp/pair.cc:553] Connection closed by peer [10.0.0.1]:1"), 75),
        (RuntimeError("NCCL communicator was aborted"), 75),
        (RuntimeError("mat1 and mat2 shapes cannot be multiplied"), 1),
        (ValueError("no"), 1),
    ],
    ids=["network", "gloo", "nccl", "a bug of shapes", "a bug"],
)
def test_a_lost_peer_is_told_from_a_bug(error: Exception, code: int) -> None:
    """Only the first is worth a new attempt that does not count."""
    assert worker.judge(error)[0] == code
