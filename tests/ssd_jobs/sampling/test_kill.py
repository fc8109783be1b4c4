"""Killed at any moment, with real processes and a real engine: nothing twice, nothing missing, nothing preferred."""

import json
import os
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import pytest
from scipy.stats import ks_2samp

from configs.parts import engine
from configs.sample import sample_config
from processes import survivors
from ssd_jobs import artifacts, contract
from ssd_jobs.artifacts import tables
from ssd_jobs.contract import files
from ssd_jobs.models.stops import stop_token_ids
from ssd_jobs.stages.sample import stage as sample
from workspaces import shards
from workspaces.sampling import context, toy_workspace

pytestmark = pytest.mark.endurance

ENGINE = engine(max_num_seqs=16)
SUPPORT = str(Path(survivors.__file__).parents[1])
PROBLEMS = 300
KILLS = 20


@pytest.fixture(scope="module")
def workspace(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return toy_workspace(tmp_path_factory.mktemp("toy"), limit=PROBLEMS)


def rows_of(workspace: Path, output: str) -> dict[tuple[str, int], dict[str, Any]]:
    shard = artifacts.open_artifact(files.shard(workspace / output, 0, 1))
    found = tables.rows(shard.samples())
    units = {(row["problem_id"], row["sample_index"]): row for row in found}
    assert len(units) == len(found), "a unit is there twice"
    return units


def checked(workspace: Path, rows: dict[tuple[str, int], dict[str, Any]], limit: int) -> list[int]:
    """Check what must hold for the samples of any run, and return their lengths."""
    prompts = tables.rows(artifacts.open_artifact(workspace / "problems/pool").table(files.PROMPTS, tables.PROMPTS))
    assert rows.keys() == {(prompt["problem_id"], 0) for prompt in prompts}
    stops = stop_token_ids(workspace / "models/base")
    for row in rows.values():
        ended = row["completion_token_ids"][-1] in stops
        full = len(row["prompt_token_ids"]) + len(row["completion_token_ids"]) == limit
        assert row["finish_reason"] == ("stop" if ended else "length")
        assert ended or full
    return [len(row["completion_token_ids"]) for row in rows.values()]


def test_twenty_kills_change_nothing(workspace: Path, tmp_path: Path) -> None:
    """After 20 kills each unit is there once, nothing that was on disk was lost, finished or begun, and every sample is
    the one that an undisturbed run draws, so that lengths cannot be biased."""
    config = sample_config(workspace, output="samples/killed", engine=ENGINE)
    (tmp_path / "config.json").write_text(contract.dump(config))
    command = [sys.executable, "-m", "processes.kill_loop", str(tmp_path / "config.json"), str(KILLS), "0"]
    done = subprocess.run(
        command,
        capture_output=True,
        text=True,
        env={**os.environ, "OMP_NUM_THREADS": "1", "PYTHONPATH": SUPPORT},
        check=False,
    )
    assert done.returncode == 0, done.stderr[-2000:]
    seen = json.loads(done.stdout.splitlines()[-1])
    killed = rows_of(workspace, "samples/killed")
    kept = [{tuple(unit) for unit in finished} for finished, _ in seen]
    assert all(before <= after for before, after in zip(kept, [*kept[1:], set(killed)], strict=True))
    begun = [beginning for _, beginnings in seen for beginning in beginnings]
    assert len(begun) > KILLS
    assert all(killed[name, index]["completion_token_ids"][: len(had)] == had for name, index, had in begun)
    sample.run(sample_config(workspace, output="samples/whole", engine=ENGINE), context(workspace))
    whole = rows_of(workspace, "samples/whole")
    lengths = [checked(workspace, rows, 128) for rows in (killed, whole)]
    assert ks_2samp(*lengths).pvalue > 0.01
    same = sum(killed[unit]["completion_token_ids"] == whole[unit]["completion_token_ids"] for unit in whole)
    assert same >= 0.98 * len(whole), "another batch rounds differently, which may turn single draws"
    assert {row["attempt"] for row in killed.values()} <= set(range(1, KILLS + 2))
    assert len({row["engine_seed"] for row in killed.values()}) == len({row["attempt"] for row in killed.values()})


@pytest.mark.vllm
def test_vllm_survives_kills(workspace: Path, tmp_path: Path) -> None:
    """With vLLM, whose every start draws afresh, what was on disk is kept too, and lengths are those of another run."""
    config = sample_config(workspace, output="samples/vllm", engine=engine("VLLM", max_num_seqs=16))
    (tmp_path / "config.json").write_text(contract.dump(config))
    command = [sys.executable, "-m", "ssd_jobs", str(tmp_path / "config.json")]
    shard = files.shard(workspace / "samples/vllm", 0, 1)
    begun: dict[tuple[str, int], list[int]] = {}
    for kill in (1, 2):
        with (tmp_path / f"log-{kill}").open("w") as log:
            child = subprocess.Popen(command, stdout=log, stderr=log, start_new_session=True)
            while len(shards.finished(shard)) < 60 * kill and child.poll() is None:
                time.sleep(0.05)
            child.kill()
            assert child.wait() == -9, (tmp_path / f"log-{kill}").read_text()[-2000:]
        assert survivors.of_session(child.pid) == [], "a part of the engine outlives its stage"
        begun |= shards.begun(shard)
    final = subprocess.run(command, capture_output=True, text=True, check=False)
    assert final.returncode == 0, final.stderr[-2000:]
    rows = rows_of(workspace, "samples/vllm")
    assert begun
    assert all(rows[unit]["completion_token_ids"][: len(had)] == had for unit, had in begun.items())
    lengths = checked(workspace, rows, 128)
    sample.run(sample_config(workspace, output="samples/other", engine=ENGINE, seed=1), context(workspace))
    other = checked(workspace, rows_of(workspace, "samples/other"), 128)
    assert ks_2samp(lengths, other).pvalue > 0.01
    assert {row["attempt"] for row in rows.values()} == {1, 2, 3}
    assert len({row["engine_seed"] for row in rows.values()}) == 3
