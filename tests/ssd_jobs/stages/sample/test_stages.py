"""The stages sample and generate: complete or absent, one engine start, plain errors."""

import os
import signal
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from configs.generate import generate_config
from configs.parts import TOY, engine, key
from configs.prepare import prepare_config
from configs.sample import sample_config
from ssd_jobs import artifacts, contract
from ssd_jobs.artifacts import shard_of, tables
from ssd_jobs.contract import files
from ssd_jobs.engine import Refused, Request, transformers_engine
from ssd_jobs.errors import BadInput, ExitCode, Terminated
from ssd_jobs.sampling import shard
from ssd_jobs.sampling.shard import seed_of_engine
from ssd_jobs.sampling.store import load_commit
from ssd_jobs.stages.generate import stage as generate
from ssd_jobs.stages.prepare import stage as prepare
from ssd_jobs.stages.sample import stage as sample
from workspaces import shards
from workspaces.sampling import ScriptedEngine, context

DECODES = {
    "plain": contract.Decode(temperature=1.0, top_k=0, top_p=1.0),
    "truncated": contract.Decode(temperature=1.0, top_k=20, top_p=0.8),
    "greedy": contract.Decode(temperature=0.0, top_k=0, top_p=1.0),
}


@pytest.fixture(scope="module")
def prepared(tmp_path_factory: pytest.TempPathFactory) -> Path:
    root = tmp_path_factory.mktemp("toy")
    prepare.run(prepare_config(root, benchmarks={"toy": TOY}, limit=40), context(root))
    return root


@pytest.fixture
def workspace(prepared: Path, tmp_path: Path) -> Path:
    for name in ("models", "problems"):
        (tmp_path / name).symlink_to(prepared / name)
    return tmp_path


def generating(
    workspace: Path, *names: str, samples: int = 1, limit: int = 96, max_error_fraction: float = 0.0
) -> contract.GenerateConfig:
    """Generate at some of the settings."""
    return generate_config(
        workspace,
        {name: DECODES[name] for name in names},
        samples_per_problem=samples,
        max_sequence_tokens=limit,
        max_error_fraction=max_error_fraction,
    )


def rows_of(path: Path) -> list[list[dict[str, Any]]]:
    return [tables.rows(each.samples()) for each in artifacts.open_shards(path)]


def test_shards_share_the_prompts_out(workspace: Path) -> None:
    """Every unit is in the shard of its problem, and all shards together have each unit once."""
    config = sample_config(workspace, shards=3, samples_per_prompt=2)
    for index in range(3):
        sample.run(config, context(workspace, index))
    shards = rows_of(workspace / "samples/run")
    units = [(row["problem_id"], row["sample_index"]) for rows in shards for row in rows]
    assert len(units) == len(set(units)) == 80
    assert all(shard_of(row["problem_id"], 3) == index for index, rows in enumerate(shards) for row in rows)
    seeds = [{row["engine_seed"] for row in rows} for rows in shards]
    assert len(set.union(*seeds)) == 3


def samples_of(path: Path) -> dict[tuple[str, int], list[int]]:
    """Return the tokens of every unit of an artifact."""
    return {
        (row["problem_id"], row["sample_index"]): row["completion_token_ids"] for rows in rows_of(path) for row in rows
    }


def test_the_samples_do_not_depend_on_the_shards(workspace: Path) -> None:
    """With the transformers engine each sample's draws are its own: any layout holds the same samples."""
    found = []
    for layout in (1, 3):
        config = sample_config(workspace, shards=layout, samples_per_prompt=2, output=f"samples/of{layout}")
        for index in range(layout):
            sample.run(config, context(workspace, index))
        found.append(samples_of(workspace / config.output))
    assert len(found[0]) == 80
    assert found[0] == found[1]


def test_speed_reaches_the_engine_and_no_sample(workspace: Path) -> None:
    """An argument of execution, such as the batch, is given to the engine, and the samples are the same."""
    found, batches = [], []
    for output, arguments in (("one", {}), ("other", {"max_num_seqs": 3})):
        config = sample_config(workspace, output=f"samples/{output}", engine_args=dict(arguments))
        sample.run(config, context(workspace))
        [shard] = artifacts.open_shards(workspace / config.output)
        batches.append(shard.manifest.facts["max_num_seqs"])
        found.append(samples_of(workspace / config.output))
    assert found[0] == found[1]
    assert batches[1] == 3 != batches[0]


@pytest.mark.parametrize("processes", [1, 8])
def test_any_number_of_processes_finishes_what_was_begun(
    workspace: Path, processes: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    """An artifact begun in 4 shards is finished, found and read as such by a plan with fewer or more of them."""
    sample.run(sample_config(workspace, shards=4), context(workspace, 1))
    config = sample_config(workspace, shards=processes)
    results = [sample.run(config, context(workspace, index)) for index in range(processes)]
    assert files.layouts(workspace / "samples/run") == [4]
    assert len(samples_of(workspace / "samples/run")) == 40
    words = [result.message.partition(":")[0] for result in results]
    assert (
        words == {1: ["shard 0, 1, 2, 3"], 8: [*(f"shard {place}" for place in range(4)), *["no shard"] * 4]}[processes]
    )
    monkeypatch.setattr(shard, "load", lambda *_, **__: None)
    assert [sample.run(config, context(workspace, index)) for index in range(processes)] == results


@given(
    places=st.sets(st.tuples(st.integers(0, 50), st.integers(1, 50), st.integers(1, 5)), min_size=2, max_size=30),
    seed=st.integers(0, 3),
)
def test_no_two_starts_share_an_engine_seed(places: set[tuple[int, int, int]], seed: int) -> None:
    """An engine with a stream of its own draws afresh in every shard of every layout, and in every start of it."""
    seeds = {
        seed_of_engine(
            artifacts.Output(path=Path(), stage="sample", name="s", key="a" * 64, shard=number, shards=of),
            seed,
            start=start,
        )
        for number, of, start in places
    }
    assert len(seeds) == len(places)


def test_a_row_is_what_the_record_needs(workspace: Path) -> None:
    """Prompt ids are those of prepare, sums are sums, and the manifest says what was in effect."""
    sample.run(sample_config(workspace), context(workspace))
    (rows,) = rows_of(workspace / "samples/run")
    prompts = tables.rows(artifacts.open_artifact(workspace / "problems/pool").table(files.PROMPTS, tables.PROMPTS))
    rendered = {prompt["problem_id"]: prompt["token_ids"] for prompt in prompts}
    for row in rows:
        assert row["prompt_token_ids"] == rendered[row["problem_id"]]
        assert row["logprob_sum"] == pytest.approx(sum(row["logprobs"]), abs=1e-3)
        assert len(row["logprobs"]) == len(row["completion_token_ids"])
        assert all(logprob <= 0 for logprob in row["logprobs"])
        assert "<|im_end|>" not in row["text"]
    manifest = artifacts.open_shards(workspace / "samples/run")[0].manifest
    assert manifest.facts["decode"] == {"temperature": 1.2, "top_k": 20, "top_p": 0.8}
    assert (manifest.facts["engine"], manifest.facts["dtype"]) == ("Transformers", "float32")
    assert manifest.counts["samples"] == 40
    assert manifest.counts["completion_tokens"] == sum(len(row["completion_token_ids"]) for row in rows)


def test_a_complete_shard_starts_no_engine(workspace: Path) -> None:
    """Running again finds the result, prints the same, and loads nothing."""
    first = sample.run(sample_config(workspace), context(workspace))
    (workspace / "models").unlink()
    assert sample.run(sample_config(workspace), context(workspace)) == first


def test_one_more_setting_costs_one_more(workspace: Path) -> None:
    """Settings are artifacts of their own: those that are there are not generated again."""
    generate.run(generating(workspace, "plain", "truncated"), context(workspace))
    before = [path.stat().st_mtime_ns for path in sorted(workspace.glob(f"generations/*/*/{files.MANIFEST}"))]
    generate.run(generating(workspace, *DECODES), context(workspace))
    after = {path.parts[-3]: path.stat().st_mtime_ns for path in workspace.glob(f"generations/*/*/{files.MANIFEST}")}
    assert [after["plain"], after["truncated"]] == before
    rows = {name: rows_of(workspace / "generations" / name)[0] for name in DECODES}
    assert {name: len(found) for name, found in rows.items()} == dict.fromkeys(DECODES, 160)
    nll = {name: -sum(row["logprob_sum"] for row in found) for name, found in rows.items()}
    assert nll["greedy"] < nll["truncated"] < nll["plain"]


def test_only_the_chosen_setting_is_generated_and_only_if_it_is_not_there(workspace: Path) -> None:
    """Of the settings to choose from only the chosen one; where it is the fixed one, nothing is sampled again."""
    choose(workspace, "greedy")
    config = generating(workspace, "plain", "greedy").model_copy(update={"selection": "selections/base"})
    generate.run(config, context(workspace))
    assert [path.name for path in (workspace / "generations").iterdir()] == ["greedy"]
    [manifest] = (workspace / "generations/greedy").glob(f"*/{files.MANIFEST}")
    before = manifest.stat().st_mtime_ns
    other = config.model_copy(update={"name": "generate-base-toy-chosen", "key": key("f")})
    generate.run(other, context(workspace))
    assert manifest.stat().st_mtime_ns == before


def choose(workspace: Path, name: str) -> None:
    """Leave what select leaves when it has chosen this setting."""
    tried = tuple(contract.Tried(name=each, decode=decode, value=0.5) for each, decode in DECODES.items())
    found = contract.Choice(arm="Base", chosen=name, benchmark="toy", problems=40, k=1, tried=tried)
    output = artifacts.Output(path=workspace / "selections/base", stage="select", name="select", key=key("d"))
    with output.claim() as draft:
        draft.write_text(files.SELECTION, found.model_dump_json())
        draft.finish(artifacts.Provenance(science={}, inputs={}, counts={}, facts={}, image=""))


def test_no_second_is_counted_twice(workspace: Path) -> None:
    """What several settings of one start cost is not more than the start took: each counts its own time."""
    generate.run(generating(workspace, "plain"), context(workspace))
    begun = time.monotonic()
    generate.run(generating(workspace, "truncated", "greedy"), context(workspace))
    took = time.monotonic() - begun
    manifests = [
        artifacts.open_shards(workspace / "generations" / name)[0].manifest for name in ("truncated", "greedy")
    ]
    seconds = [float(manifest.counts["seconds"]) for manifest in manifests]
    assert min(seconds) > 0
    assert sum(seconds) <= took


def test_an_engine_is_on_record_though_the_last_start_needed_none(
    workspace: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A shard whose last sample was kept before a kill is finished without an engine, and says what sampled it."""
    with monkeypatch.context() as patch:
        patch.setattr(shard.ShardWriter, "finish", lambda *_, **__: os.getpid() / 0)
        with pytest.raises(ZeroDivisionError):
            sample.run(sample_config(workspace), context(workspace))
        patch.undo()
        patch.setattr(shard, "load", lambda *_, **__: None)
        sample.run(sample_config(workspace, gpus=2), context(workspace))
    (found,) = artifacts.open_shards(workspace / "samples/run")
    facts = found.manifest.facts
    assert (facts["engine"], facts["dtype"], facts["starts"]) == ("Transformers", "float32", 2)
    assert facts["gpus"] == 2
    assert not [name for name in found.manifest.files if "engines" in name]


def test_settings_and_samples_draw_on_their_own(workspace: Path) -> None:
    """Two samples of a problem, and one problem under two settings, are different draws."""
    generate.run(generating(workspace, "plain", "truncated", samples=2), context(workspace))
    plain = {(row["problem_id"], row["sample_index"]): row for row in rows_of(workspace / "generations/plain")[0]}
    other = rows_of(workspace / "generations/truncated")[0]
    assert len({row["seed"] for row in [*plain.values(), *other]}) == 2 * len(other)
    different = sum(plain[name, 0]["text"] != plain[name, 1]["text"] for name, index in plain if index == 0)
    assert different > 80


def test_prompts_without_room_fail_before_an_engine_starts(workspace: Path) -> None:
    """Too many of them are one sentence with the field and an example; a tolerated share is rows of error."""
    lengths = artifacts.open_artifact(workspace / "problems/pool").table(files.PROMPTS, tables.PROMPTS)["token_ids"]
    limit = sorted(map(len, lengths.to_pylist()))[-4]
    with pytest.raises(BadInput, match=r"maxSequenceTokens: \d+ of 40 prompts leave no room .*; raise .*Fraction and"):
        sample.run(sample_config(workspace, max_sequence_tokens=limit), context(workspace))
    with pytest.raises(
        BadInput,
        match=r"; raise spec.evaluation.max.* set spec.rerun .* a larger maxSequenceTokens of the benchmark toy$",
    ):
        generate.run(generating(workspace, "plain", limit=2), context(workspace))
    config = sample_config(workspace, max_sequence_tokens=limit, max_error_fraction=0.5)
    sample.run(config, context(workspace))
    (rows,) = rows_of(workspace / "samples/run")
    errors = [row for row in rows if row["error"]]
    assert {row["error"] for row in errors} == {"prompt_too_long"}
    assert all(len(row["prompt_token_ids"]) >= limit for row in errors)
    assert len(rows) == 40


def test_a_prompt_too_long_costs_its_problem_and_not_the_stage(workspace: Path) -> None:
    """In a benchmark as in the pool, where the share allows it: all its samples say why, and they are counted."""
    for made, prompts in (("samples/run", "pool"), ("generations/plain", "toy")):
        read = artifacts.open_artifact(workspace / f"problems/{prompts}").table(files.PROMPTS, tables.PROMPTS)
        lengths = dict(zip(read["problem_id"].to_pylist(), map(len, read["token_ids"].to_pylist()), strict=True))
        limit = max(lengths.values())
        long = sorted(name for name, length in lengths.items() if length == limit)
        share = len(long) / len(lengths)
        if prompts == "pool":
            drawn = sample_config(workspace, max_sequence_tokens=limit, max_error_fraction=share, samples_per_prompt=2)
            sample.run(drawn, context(workspace))
        else:
            answered = generating(workspace, "plain", limit=limit, samples=2, max_error_fraction=share)
            generate.run(answered, context(workspace))
        lost = [row for rows in rows_of(workspace / made) for row in rows if row["error"]]
        assert sorted(row["problem_id"] for row in lost) == sorted(2 * long)
        assert {row["error"] for row in lost} == {"prompt_too_long"}
        counts = artifacts.open_shards(workspace / made)[0].manifest.counts
        assert counts["errors"] == counts["prompt_too_long"] == 2 * len(long)


@pytest.mark.parametrize(
    ("share", "problems", "lost"), [(0.0, 1000, 0), (0.01, 20, 1), (0.01, 100, 1), (0.07, 100, 7), (0.01, 0, 0)]
)
def test_a_share_above_zero_forgives_at_least_one_problem(
    share: float, problems: int, lost: int, workspace: Path
) -> None:
    """It is the share as it is written: 0.07 of a hundred are seven, not the eight of its binary fraction."""
    assert shard.tolerated(sample_config(workspace, max_error_fraction=share), problems) == lost


def test_lost_samples_end_the_stage(workspace: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The sentence counts them, and names the field that may be raised."""

    class Refusing(ScriptedEngine):
        def submit(self, request: Request) -> None:
            raise Refused("not today")

    monkeypatch.setattr(shard, "load", lambda *_, **__: Refusing())
    with pytest.raises(
        BadInput, match=r"^40 of 40 samples of shard 0 failed: more than the 0.0 of spec.sampling.maxErr"
    ):
        sample.run(sample_config(workspace), context(workspace))
    with pytest.raises(BadInput, match=r"samples of shard 0 failed: more than the 0.0 of spec.evaluation.maxErr"):
        generate.run(generating(workspace, "plain"), context(workspace))


def test_a_process_out_of_range_is_refused(workspace: Path) -> None:
    """An index that the recipe does not have is bad input."""
    with pytest.raises(BadInput, match="process 2 is out of range: the stage has the processes 0 to 1"):
        sample.run(sample_config(workspace, shards=2), context(workspace, 2))


def test_more_shards_than_problems_leave_empty_shards(workspace: Path) -> None:
    """A shard without problems is complete and empty."""
    config = sample_config(workspace, shards=500)
    ids = artifacts.open_artifact(workspace / "problems/pool").table(files.PROMPTS, tables.PROMPTS)["problem_id"]
    empty = next(index for index in range(500) if index not in {shard_of(name, 500) for name in ids.to_pylist()})
    sample.run(config, context(workspace, empty))
    shard = artifacts.open_artifact(files.shard(workspace / "samples/run", empty, 500))
    assert shard.samples().num_rows == 0


def test_a_stop_before_the_first_step_keeps_everything_pending(workspace: Path) -> None:
    """Asked to stop at once it leaves with `Terminated`, and a later run is complete."""
    around = context(workspace)
    around.stop.set()
    with pytest.raises(Terminated):
        sample.run(sample_config(workspace), around)
    sample.run(sample_config(workspace), context(workspace))
    (rows,) = rows_of(workspace / "samples/run")
    assert {row["attempt"] for row in rows} == {2}


def test_sigterm_drains_and_exits_143(workspace: Path, tmp_path: Path) -> None:
    """A real process that is asked to stop keeps what has finished and says so by its exit code."""
    config = sample_config(workspace, engine=engine(max_num_seqs=4), samples_per_prompt=50)
    path = tmp_path / "config.json"
    path.write_text(contract.dump(config))
    environment = {**os.environ, "OMP_NUM_THREADS": "1"}
    child = subprocess.Popen([sys.executable, "-m", "ssd_jobs", str(path)], stderr=subprocess.PIPE, env=environment)
    shard = files.shard(workspace / "samples/run", 0, 1)
    while not shards.finished(shard) and child.poll() is None:
        time.sleep(0.05)
    child.send_signal(signal.SIGTERM)
    _, errors = child.communicate()
    assert child.returncode == ExitCode.TERMINATED, errors.decode()[-2000:]
    assert b"run again" in errors
    (journal,) = shard.glob("journal-*.jsonl")
    finished = [row for line in journal.read_bytes().splitlines() for row in load_commit(line)[0]]
    assert all(row["finish_reason"] in ("stop", "length") for row in finished)
    assert shards.begun(shard), "what was in flight is kept, too"


def test_the_batch_fits_the_memory_for_keys_and_values() -> None:
    """The largest batch shrinks with the length of sequences."""
    from transformers import Qwen3Config

    big = Qwen3Config(num_hidden_layers=36, num_key_value_heads=8, head_dim=128)
    spec = contract.EngineConfig(name="Transformers", args={}, trust_remote_code=False)
    lengths = (64, 4096, 131_072)
    sizes = [transformers_engine.batch_size(big, torch.bfloat16, tokens, spec) for tokens in lengths]
    assert sizes == sorted(sizes, reverse=True)
    assert sizes[-1] == 1
