"""A fork of a warm process does what a process of its own would, and ends as it would."""

import asyncio
import json
import os
import subprocess
import sys
import time
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Literal

import pytest

from configs.parts import DECODE
from configs.sample import sample_config
from configs.select import select_config
from processes import survivors
from ssd_jobs import artifacts, contract
from ssd_jobs.artifacts import tables
from ssd_operator.local import processes
from ssd_operator.local.warm import WarmProcesses
from workspaces.sampling import toy_workspace

ENVIRONMENT = {"OMP_NUM_THREADS": "1"}
RUNNER = """
import asyncio, sys
from pathlib import Path
from ssd_operator.local.warm import WarmProcesses

with WarmProcesses() as warm:
    asyncio.run(warm(Path(sys.argv[1]), index=0, log=Path(sys.argv[2]), environment={}))
"""


def written(folder: Path, config: contract.Config) -> Path:
    """Write a config where a runner would."""
    folder.mkdir(exist_ok=True)
    file = folder / f"{config.stage}.json"
    file.write_text(contract.dump(config), encoding="utf-8")
    return file


def that_hangs(folder: Path) -> Path:
    """Write the config of a stage that waits for a file which nobody ever writes."""
    config = written(folder, sample_config(folder))
    (folder / "samples").mkdir()
    os.mkfifo(folder / "samples" / "run")
    (folder / "problems" / "pool").mkdir(parents=True)
    os.mkfifo(folder / "problems" / "pool" / "manifest.json")
    return config


async def test_a_fork_ends_as_a_process_of_its_own(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The samples are the same; so are the exit code and the message of bad input; what does not stop is killed."""
    monkeypatch.setattr(processes, "STOP_GRACE_S", 0.1)
    ends, samples = [], []
    with WarmProcesses() as warm:
        for name, run in (("forked", warm), ("own", processes.run)):
            workspace = toy_workspace(tmp_path / name, limit=4)
            config, log = written(workspace, sample_config(workspace)), tmp_path / f"{name}.log"
            good = await run(config, index=0, log=log, environment=ENVIRONMENT)
            lost = written(workspace, select_config(workspace, {"plain": DECODE}))
            bad = await run(lost, index=0, log=log, environment=ENVIRONMENT)
            told = json.loads(good.output)["message"]
            ends.append((good.code, told, replace(bad, message=bad.message.replace(str(workspace), ""))))
            samples.append([each.samples() for each in artifacts.open_shards(workspace / "samples" / "run")])
        hanging = that_hangs(tmp_path / "hanging")
        task = asyncio.create_task(warm(hanging, index=0, log=tmp_path / "log", environment=ENVIRONMENT))
        await asyncio.sleep(0.1)
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task
    assert ends[0] == ends[1]
    assert ends[0][0] == 0
    assert ends[0][2].code != 0
    assert ends[0][2].message
    drawn = [[row["completion_token_ids"] for each in of for row in tables.rows(each)] for of in samples]
    assert drawn[0] == drawn[1]
    assert not survivors.with_word(str(tmp_path / "forked" / "sample.json"))


@pytest.mark.parametrize(("engine", "around"), [("VLLM", {}), ("Transformers", {"CUDA_VISIBLE_DEVICES": "0"})])
async def test_what_is_a_process_of_its_own(
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    engine: Literal["VLLM", "Transformers"],
    around: dict[str, str],
) -> None:
    """vLLM starts processes itself, and a GPU is taken by one process: neither is a fork."""
    own: list[Path] = []

    async def run(config: Path, *, index: int, log: Path, environment: Mapping[str, str]) -> processes.Finished:
        own.append(config)
        return processes.Finished(index, str(log), str(environment))

    monkeypatch.setattr(processes, "run", run)
    named = contract.EngineConfig(name=engine, args={}, trust_remote_code=False)
    config = written(tmp_path, sample_config(tmp_path, engine=named))
    with WarmProcesses() as warm:
        await warm(config, index=0, log=tmp_path / "log", environment=around)
    assert own == [config]


@pytest.mark.endurance
def test_it_dies_with_its_runner(tmp_path: Path) -> None:
    """Killed while a stage runs, the runner leaves neither the fork nor what it was forked from."""
    config = that_hangs(tmp_path / "hanging")
    with subprocess.Popen([sys.executable, "-c", RUNNER, str(config), str(tmp_path / "log")]) as runner:
        while len(survivors.with_word(str(config))) < 3:  # the runner, what it forks from, and the fork
            assert runner.poll() is None
            time.sleep(0.05)
        runner.kill()
    for _ in range(1000):
        if not [pid for pid in survivors.with_word(str(config)) if pid != runner.pid]:
            return
        time.sleep(0.01)
    pytest.fail("a fork goes on without its runner")
