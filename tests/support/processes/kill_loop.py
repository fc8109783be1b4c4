"""Runs a sample config in child processes that are killed with SIGKILL, then once undisturbed.

    python kill_loop.py CONFIG KILLS SEED

The libraries are imported once and every attempt is a fork, so that a kill costs a fraction of a second. A child is
killed at a random moment after a random number of new samples is on disk; commits are ten times as frequent as usual. Prints what was on disk at each kill as JSON: the units that
were done, and the tokens of those that were begun.
"""

import contextlib
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
from ssd_jobs.artifacts import lines, tables
from ssd_jobs.context import Context
from ssd_jobs.contract import files
from ssd_jobs.engine import transformers_engine  # noqa: F401 - imported before the forks
from ssd_jobs.progress.recorder import Progress
from ssd_jobs.sampling import loop
from ssd_jobs.sampling.store import load_commit
from ssd_jobs.sampling.units import Unit
from ssd_jobs.stages.sample import stage as sample


def main(config_path: Path, kills: int, seed: int) -> None:
    torch.set_num_threads(1)
    loop.COMMIT_SECONDS = 0.1
    config = contract.load(config_path)
    assert isinstance(config, contract.SampleConfig)
    shard = files.shard(Path(config.workspace) / config.output, 0)
    draw = random.Random(seed)
    seen = []
    for _ in range(kills):
        target = rows(shard) + draw.randrange(1, 14)
        child = start(config)
        while rows(shard) < target and os.waitpid(child, os.WNOHANG) == (0, 0):
            time.sleep(0.01)
        time.sleep(draw.uniform(0.0, 0.1))
        os.kill(child, signal.SIGKILL)
        assert os.WIFSIGNALED(os.waitpid(child, 0)[1]), "the child was done before it could be killed"
        done, begun = on_disk(shard)
        seen.append([sorted(done), sorted([*unit, tokens] for unit, tokens in begun.items())])
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


def rows(shard: Path) -> int:
    """Return how many samples are on disk."""
    return len(on_disk(shard)[0])


def on_disk(shard: Path) -> tuple[set[Unit], dict[Unit, list[int]]]:
    """Return what a restart would find; a part and its journal may both be there for a moment."""
    done: set[Unit] = set()
    begun: dict[Unit, list[int]] = {}
    parts = files.parts_in(shard)
    with contextlib.suppress(FileNotFoundError):
        data = (shard / f"journal-{len(parts):05d}.jsonl").read_bytes()
        for line in lines.whole(data).splitlines():
            found, grown = load_commit(line)
            done |= {(row["problem_id"], row["sample_index"]) for row in found}
            for unit, more in grown.items():
                begun.setdefault(unit, []).extend(more.token_ids)
    for path in parts:
        data = tables.read(tables.SAMPLES, path, columns=["problem_id", "sample_index"])
        done |= set(zip(*(column.to_pylist() for column in data.columns), strict=True))
    return done, {unit: tokens for unit, tokens in begun.items() if unit not in done}


if __name__ == "__main__":
    main(Path(sys.argv[1]), int(sys.argv[2]), int(sys.argv[3]))
