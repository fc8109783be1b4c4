"""Launchers as processes, with real workers or with stand-ins that end as a test wants.

python gang.py launch MODE CONFIG     the launcher, its workers being stand-ins
python gang.py worker MODE CONFIG MAILBOX
"""

import os
import signal
import subprocess
import sys
import threading
import time
from pathlib import Path

from ssd_jobs import contract
from ssd_jobs.contract import TrainConfig
from ssd_jobs.errors import ExitCode, JobError
from ssd_jobs.stages.train.launcher import mailbox

HERE = str(Path(__file__).resolve())
ROOT = Path(HERE).parents[3]


def start(arguments: list[str], *, node: int = 0) -> "subprocess.Popen[str]":
    """Start a program as a node's container would."""
    environment = {**os.environ, "JOB_COMPLETION_INDEX": str(node), "OMP_NUM_THREADS": "1", "PYTHONPATH": str(ROOT)}
    return subprocess.Popen(
        [sys.executable, *arguments],
        env=environment,
        cwd=ROOT,
        text=True,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.PIPE,
    )


def stand_in(mode: str, config: Path, *, node: int = 0) -> "subprocess.Popen[str]":
    """Start a launcher whose workers are stand-ins."""
    return start([HERE, "launch", mode, str(config)], node=node)


def real(config: Path, *, node: int = 0) -> "subprocess.Popen[str]":
    """Start the stage's program."""
    return start(["-m", "ssd_jobs", str(config)], node=node)


def write(config: TrainConfig, path: Path) -> Path:
    """Write a config."""
    path.write_text(contract.dump(config))
    return path


def _launch(mode: str, path: Path) -> int:
    """Run the launcher as `ssd_jobs.__main__` does."""
    from ssd_jobs.context import Context
    from ssd_jobs.progress.recorder import Progress
    from ssd_jobs.stages.train.launcher import gang

    stop = threading.Event()
    signal.signal(signal.SIGTERM, lambda _number, _frame: stop.set())
    config = contract.load(path)
    assert isinstance(config, TrainConfig)
    index = int(os.environ["JOB_COMPLETION_INDEX"])
    context = Context(Path(config.workspace), index, Progress(), stop, path)
    try:
        gang.launch(config, context, worker=[HERE, "worker", mode])
    except JobError as error:
        print(error, file=sys.stderr)
        return error.exit_code
    return ExitCode.OK


def _worker(mode: str, directory: Path) -> int:
    """Be rank 0, which only waits, or rank 1, which ends as the mode says."""
    rank = int(os.environ["RANK"])
    stop = threading.Event()
    signal.signal(signal.SIGTERM, lambda _number, _frame: stop.set())
    mailbox.write_pid(directory, rank)
    (directory.parent / f"started-{mode}-{rank}").touch()
    if mode == "forever":
        time.sleep(3600)
    if mode.startswith("slow"):
        stop.wait()
        time.sleep(float(mode.removeprefix("slow")))
        return _end(directory, rank, ExitCode.TERMINATED, "stopped after a slow checkpoint")
    if rank == 0:
        while not list(directory.glob("gone-*")):
            time.sleep(0.01)
        return _end(directory, rank, ExitCode.TEMPORARY, "a peer of the gang is lost")
    if mode == "killed":
        (directory / "gone-1").touch()
        os.kill(os.getpid(), signal.SIGKILL)
    code = _end(directory, rank, int(mode), f"rank 1 ends with {mode}")
    (directory / "gone-1").touch()
    return code


def _end(directory: Path, rank: int, code: int, message: str) -> int:
    """End as a worker does."""
    mailbox.write_failure(directory, rank, code, message)
    return code


if __name__ == "__main__":
    if sys.argv[1] == "launch":
        sys.exit(_launch(sys.argv[2], Path(sys.argv[3])))
    sys.exit(_worker(sys.argv[2], Path(sys.argv[4])))
