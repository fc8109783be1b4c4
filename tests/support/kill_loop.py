"""Runs a sample config in child processes that are killed with SIGKILL, then once undisturbed.

    python kill_loop.py CONFIG KILLS SEED

The libraries are imported once and every attempt is a fork, so that a kill costs a fraction of a second. A child is
killed when a random number of new samples is on disk. Prints the units that were on disk at each kill, as JSON.
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

from ssd_jobs import artifacts, contract, tables
from ssd_jobs.context import Context
from ssd_jobs.engine import transformers_engine  # noqa: F401 - imported before the forks
from ssd_jobs.progress import Progress
from ssd_jobs.sampling import store
from ssd_jobs.stages import sample

torch.set_num_threads(1)


def main(config_path: Path, kills: int, seed: int) -> None:
    config = contract.load(config_path)
    assert isinstance(config, contract.SampleConfig)
    shard = artifacts.shard_path(Path(config.workspace) / config.output, 0)
    draw = random.Random(seed)
    seen = []
    for _ in range(kills):
        target = rows(shard) + draw.randrange(1, 14)
        child = start(config)
        while rows(shard) < target and os.waitpid(child, os.WNOHANG) == (0, 0):
            time.sleep(0.01)
        os.kill(child, signal.SIGKILL)
        assert os.WIFSIGNALED(os.waitpid(child, 0)[1]), "the child was done before it could be killed"
        seen.append(sorted(on_disk(shard)))
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
    """Return about how many samples are on disk, cheaply: a part is a full chunk."""
    journals = sum(path.read_bytes().count(b"\n") for path in shard.glob("journal-*.jsonl") if path.exists())
    return journals + store.CHUNK * len(list(shard.glob("part-*.parquet")))


def on_disk(shard: Path) -> set[tuple[str, int]]:
    """Return the units that a restart would find; a part and its journal may both be there for a moment."""
    found: set[tuple[str, int]] = set()
    for path in list(shard.glob("journal-*.jsonl")):
        try:
            data = path.read_bytes()
        except FileNotFoundError:
            continue
        rows = [json.loads(line) for line in data[: data.rfind(b"\n") + 1].splitlines()]
        found |= {(row["problem_id"], row["sample_index"]) for row in rows}
    for path in shard.glob("part-*.parquet"):
        data = tables.read(tables.SAMPLES, path, columns=["problem_id", "sample_index"])
        found |= set(zip(*(column.to_pylist() for column in data.columns), strict=True))
    return found


if __name__ == "__main__":
    main(Path(sys.argv[1]), int(sys.argv[2]), int(sys.argv[3]))
