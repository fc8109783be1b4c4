"""Runs a sample config in child processes that are killed with SIGKILL, then once undisturbed.

    python -m processes.kill_loop CONFIG KILLS SEED

The libraries are imported once and every attempt is a fork, so that a kill costs a fraction of a second. A child is
killed at a random moment after a random number of new samples is on disk; commits are ten times as frequent as usual. Prints what was on disk at each kill as JSON: the units that
were done, and the tokens of those that were begun.
"""

import json
import os
import random
import signal
import sys
import time
import traceback
from pathlib import Path

import torch
import transformers.models.qwen3.modeling_qwen3  # noqa: F401 - imported before the forks

from ssd_jobs import contract
from ssd_jobs.context import Context
from ssd_jobs.contract import files
from ssd_jobs.engine import transformers_engine  # noqa: F401 - imported before the forks
from ssd_jobs.progress.recorder import Progress
from ssd_jobs.sampling import loop
from ssd_jobs.stages.sample import stage as sample
from workspaces.shards import begun, finished


def main(config_path: Path, kills: int, seed: int) -> None:
    torch.set_num_threads(1)
    loop.COMMIT_SECONDS = 0.1
    config = contract.load(config_path)
    assert isinstance(config, contract.SampleConfig)
    shard = files.shard(Path(config.workspace) / config.output, 0, 1)
    draw = random.Random(seed)
    seen = []
    for _ in range(kills):
        target = len(finished(shard)) + draw.randrange(1, 14)
        child = start(config)
        while len(finished(shard)) < target and os.waitpid(child, os.WNOHANG) == (0, 0):
            time.sleep(0.01)
        time.sleep(draw.uniform(0.0, 0.1))
        os.kill(child, signal.SIGKILL)
        assert os.WIFSIGNALED(os.waitpid(child, 0)[1]), "the child was done before it could be killed"
        seen.append([sorted(finished(shard)), sorted([*unit, tokens] for unit, tokens in begun(shard).items())])
    assert os.waitpid(start(config), 0)[1] == 0
    print(json.dumps(seen))


def start(config: contract.SampleConfig) -> int:
    """Run the stage in a fork and return its process id."""
    child = os.fork()
    if child:
        return child
    try:
        sample.run(config, Context(workspace=Path(config.workspace), index=0, progress=Progress()))
    except BaseException:  # noqa: BLE001 - a fork must never go on as its parent
        traceback.print_exc()
        os._exit(1)
    os._exit(0)


if __name__ == "__main__":
    main(Path(sys.argv[1]), int(sys.argv[2]), int(sys.argv[3]))
