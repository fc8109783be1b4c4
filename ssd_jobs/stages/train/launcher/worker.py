"""One rank's process: `python -m ssd_jobs.stages.train.launcher.worker CONFIG DIRECTORY`, started by the gang.

The directory is the launcher's mailbox on this node: a worker leaves its process id, its error with the exit code,
and, on rank 0, what goes into the manifest.
"""

import logging
import os
import signal
import sys
import threading
import traceback
from dataclasses import asdict
from pathlib import Path
from types import FrameType

import torch
import torch.distributed as dist

from ssd_jobs import contract
from ssd_jobs.artifacts import disk
from ssd_jobs.contract import TrainConfig
from ssd_jobs.errors import ExitCode, JobError, first_line
from ssd_jobs.progress.recorder import Progress
from ssd_jobs.stages.train import job, ranks
from ssd_jobs.stages.train.launcher import mailbox

__all__ = ["judge", "main"]

LOGGER = logging.getLogger("ssd_jobs.stages.train")
COLLECTIVE_TIMEOUT_S = 1800.0
"""A backstop: the launchers notice a lost peer long before."""
BROKEN = ("gloo", "Connection closed by peer", "Connection reset by peer", "NCCL", "Broken pipe")


def main(config_path: Path, directory: Path) -> int:
    """Train as one rank and return the exit code."""
    logging.basicConfig(level=logging.INFO, format="%(asctime)s %(levelname)s %(name)s: %(message)s", stream=sys.stderr)
    stop = threading.Event()

    def on_sigterm(_signal: int, _frame: FrameType | None) -> None:
        stop.set()

    signal.signal(signal.SIGTERM, on_sigterm)
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    rank = int(os.environ["RANK"])
    mailbox.write_pid(directory, rank)
    try:
        config = contract.load(config_path)
        if not isinstance(config, TrainConfig):
            raise JobError(f"{config_path}: not a config of train")
        with disk.explained(Path(config.workspace) / config.output):
            _train(config, directory, stop)
    except JobError as error:
        mailbox.write_failure(directory, rank, error.exit_code, str(error))
        return error.exit_code
    except Exception as error:  # noqa: BLE001 - the border: whatever it was becomes an exit code
        LOGGER.error("%s", traceback.format_exc())
        code, message = judge(error)
        mailbox.write_failure(directory, rank, code, message)
        return code
    return ExitCode.OK


def _train(config: TrainConfig, directory: Path, stop: threading.Event) -> None:
    """Join the gang, train as this rank, and write the result for the launcher."""
    progress = Progress()
    with ranks.from_environment(gpus=config.execution.gpus_per_node, timeout_s=COLLECTIVE_TIMEOUT_S) as member:
        if member.first:
            progress.attach(Path(config.workspace) / config.output)
        outcome = job.Training(config, member).run(progress, stop)
        if member.first:
            mailbox.write_outcome(directory, asdict(outcome))


def judge(error: Exception) -> tuple[int, str]:
    """Return exit code and message of an error: temporary for a lost peer, failed for one of this rank."""
    message = f"{type(error).__name__}: {first_line(error)}"
    broken = isinstance(error, dist.DistError) or any(sign in str(error) for sign in BROKEN)
    if broken:
        return ExitCode.TEMPORARY, "a peer of the gang is lost; its own log says why"
    if isinstance(error, torch.OutOfMemoryError):
        return ExitCode.FAILED, f"{message}; checkpoint more activations, or use more GPUs"
    return ExitCode.FAILED, message


if __name__ == "__main__":
    exit_code = main(Path(sys.argv[1]), Path(sys.argv[2]))
    sys.stderr.flush()
    if exit_code:
        os._exit(exit_code)  # a broken process group can block an orderly exit
