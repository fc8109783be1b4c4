"""Curate turns every sample into a record or into a counted removal, and orders records for training."""

import json
import math
from collections import Counter
from pathlib import Path
from typing import Any

import pytest

from configs.curate import curate_config
from configs.parts import key
from configs.prepare import prepare_config
from ssd_jobs import artifacts
from ssd_jobs.artifacts import tables
from ssd_jobs.contract import files
from ssd_jobs.errors import BadInput
from ssd_jobs.stages.curate import stage as curate
from ssd_jobs.stages.curate.batches import batches
from ssd_jobs.stages.prepare import stage as prepare
from workspaces.provenance import EMPTY
from workspaces.sampling import STOP, context, sample_row, toy_workspace, write_samples

PROGRAM = "```python\nprint(1)\nprint(2)\n```"


@pytest.fixture(scope="module")
def prepared(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return toy_workspace(tmp_path_factory.mktemp("toy"), limit=12)


@pytest.fixture
def workspace(prepared: Path, tmp_path: Path) -> Path:
    for name in ("models", "problems"):
        (tmp_path / name).symlink_to(prepared / name)
    return tmp_path


def problem_ids(workspace: Path) -> list[str]:
    pool = artifacts.open_artifact(workspace / "problems/pool")
    ids: list[str] = pool.table(files.PROBLEMS, tables.PROBLEMS)["problem_id"].to_pylist()
    return ids


def run(workspace: Path, *shards: list[dict[str, Any]], **science: Any) -> artifacts.Artifact:
    write_samples(workspace, *shards)
    curate.run(curate_config(workspace, **science), context(workspace))
    return artifacts.open_artifact(workspace / "records/run")


def records(done: artifacts.Artifact) -> list[dict[str, Any]]:
    return tables.rows(done.table(files.RECORDS, tables.RECORDS))


def removed(done: artifacts.Artifact) -> dict[str, str]:
    rows = tables.rows(done.table(files.REMOVED, tables.REMOVED))
    return {row["problem_id"]: row["reason"] for row in rows}


@pytest.mark.parametrize("policy", ["None", "Stub", "Shortest", "Syntax"])
def test_every_sample_is_a_record_or_a_counted_removal(workspace: Path, policy: str) -> None:
    """Nothing gets lost between samples, records and removals, whatever the filter."""
    texts = [PROGRAM, "", "pass", "```python\nprint(\n```", f"{PROGRAM}\n{PROGRAM}", "no code\nat all"]
    shards = [
        [sample_row(f"p{shard}{index}", text=text) for index, text in enumerate(texts)]
        + [sample_row(f"e{shard}", completion_token_ids=[], error="prompt_too_long", finish_reason="error")]
        for shard in range(2)
    ]
    done = run(workspace, *shards, filter=policy)
    counts, gone = done.manifest.counts, removed(done)
    assert tables.rows(done.table(files.LENGTHS, tables.LENGTHS)) == [
        {
            "record_id": row["record_id"],
            "tokens": len(row["token_ids"]),
            "loss_tokens": len(row["token_ids"]) - row["prompt_length"],
        }
        for row in records(done)
    ]
    assert counts["samples"] == 14 == len(records(done)) + len(gone)
    found = Counter(gone.values())
    assert {name: counts[f"removed_{name}"] for name in found} == found
    kept = {"None": 12, "Stub": 8, "Shortest": 8, "Syntax": 4}[policy]
    assert len(records(done)) == kept
    assert found["error"] == 2


def test_a_record_is_what_was_sampled(workspace: Path) -> None:
    """Token ids, loss positions, the end-of-sequence token and the log-probability are the sampler's own."""
    rows = [
        sample_row(
            "stopped", prompt_token_ids=[5, 6, 7], completion_token_ids=[9, 8, STOP], logprobs=[-1.0, -0.5, -0.25]
        ),
        sample_row("cut", completion_token_ids=[9, 9], finish_reason="length", stop_reason=""),
    ]
    cut, stopped = records(run(workspace, rows))
    assert (stopped["token_ids"], stopped["prompt_length"]) == ([5, 6, 7, 9, 8, STOP], 3)
    assert (stopped["finished"], stopped["logprob_sum"]) == (True, -1.75)
    assert (cut["problem_id"], cut["finished"]) == ("cut", False)


@pytest.mark.parametrize(("overlong", "kept"), [("Truncate", [8, 5]), ("Drop", [5])])
def test_overlong_samples_are_cut_or_dropped_as_asked(workspace: Path, overlong: str, kept: list[int]) -> None:
    """A cut record fits exactly, has no end-of-sequence token and the log-probability of what is left."""
    rows = [
        sample_row("a", completion_token_ids=[*range(10, 19), STOP], logprobs=[-0.1] * 10),
        sample_row("b"),
        sample_row("c", prompt_token_ids=[1] * 9),
    ]
    done = run(workspace, rows, sequence_length=8, overlong=overlong)
    assert [len(row["token_ids"]) for row in records(done)] == kept
    assert removed(done)["c"] == "overlong"
    if overlong == "Truncate":
        first = records(done)[0]
        assert not first["finished"]
        assert STOP not in first["token_ids"]
        assert first["logprob_sum"] == pytest.approx(-0.6)
        assert done.manifest.counts["cut"] == 1


def test_truncated_samples_stay_unless_dropped(workspace: Path) -> None:
    """The paper trains on what hit the cap; dropping it is a choice and is counted."""
    rows = [sample_row("a"), sample_row("b", completion_token_ids=[5, 6], finish_reason="length")]
    assert removed(run(workspace, rows, truncated="Drop")) == {"b": "truncated"}


def test_the_order_of_sampling_changes_nothing(workspace: Path, tmp_path_factory: pytest.TempPathFactory) -> None:
    """Records do not depend on which sample finished first."""
    rows = [sample_row(f"p{number}", number % 2, completion_token_ids=[number + 3, STOP]) for number in range(9)]
    first = run(workspace, rows)
    other = tmp_path_factory.mktemp("other")
    for name in ("models", "problems"):
        (other / name).symlink_to((workspace / name).resolve())
    assert run(other, rows[::-1]).manifest.digest == first.manifest.digest


def test_shortest_is_a_share_of_all_shards(workspace: Path) -> None:
    """One shard with all the short answers loses all of them: the percentile is global."""
    short = [sample_row(f"s{number}", text="x" * (number + 1)) for number in range(5)]
    long = [sample_row(f"l{number}", text="y" * (100 + number)) for number in range(5)]
    done = run(workspace, short, long, filter="Shortest", shortest_percent=50.0)
    assert removed(done) == {f"s{number}": "shortest" for number in range(5)}


@pytest.mark.parametrize("layout", [1, 2, 3])
def test_the_steps_do_not_depend_on_the_shards(workspace: Path, tmp_path: Path, layout: int) -> None:
    """The same samples in any number of shards are trained on in the same steps."""
    rows = [sample_row(f"p{number % 5}", number // 5) for number in range(10)]
    done = run(workspace, *(rows[place::layout] for place in range(layout)), steps=6, global_batch_size=4, seed=3)
    records = {row["record_id"]: row for row in tables.rows(done.table(files.RECORDS, tables.RECORDS))}
    steps = [
        [(records[number]["problem_id"], records[number]["sample_index"]) for number in row["record_ids"]]
        for row in tables.rows(done.table(files.BATCHES, tables.BATCHES))
    ]
    order = sorted((row["problem_id"], row["sample_index"]) for row in rows)
    assert steps == [[order[place] for place in step] for step in batches(range(10), steps=6, size=4, seed=3)]


def test_the_batches_are_the_plan(workspace: Path) -> None:
    """Every step has its global batch, as `batches` orders it, and the epochs are on record."""
    done = run(workspace, [sample_row(f"p{number}") for number in range(10)], steps=5, global_batch_size=4, seed=3)
    rows = tables.rows(done.table(files.BATCHES, tables.BATCHES))
    assert [row["record_ids"] for row in rows] == batches(range(10), steps=5, size=4, seed=3)
    assert done.manifest.counts["epochs"] == 2.0


def test_execution_keeps_what_runs(workspace: Path) -> None:
    """Programs run on the problem's inputs: an error, a syntax error or no code is out, right or wrong is not asked."""
    stdin = [name for name in problem_ids(workspace) if name.startswith("stdin")]
    functional = next(name for name in problem_ids(workspace) if name.startswith("functional"))
    texts = {
        stdin[0]: "```python\na = list(map(int, input().split()))\nprint('surely wrong')\n```",
        stdin[1]: "```python\nprint(int(input()) / 0)\n```",
        stdin[2]: "```python\nprint((\n```",
        functional: "```python\nclass Solution:\n    def solve(self, a):\n        return a\n```",
    }
    done = run(workspace, [sample_row(name, text=text) for name, text in texts.items()], filter="Execution")
    assert removed(done) == {stdin[1]: "execution", stdin[2]: "syntax"}
    lines = (done.path / files.YIELDS).read_text().splitlines()
    assert {row["problem_id"]: row["records"] for row in map(json.loads, lines)}[stdin[1]] == 0
    assert done.manifest.counts["problems_left_empty"] == 2
    assert done.manifest.counts["yield"] == 0.5
    assert (done.manifest.counts["exercised"], done.manifest.counts["unexercised"]) == (2, 0)
    assert done.manifest.facts["warning"] == ""


def test_a_program_without_an_input_is_unexercised(workspace: Path, tmp_path_factory: pytest.TempPathFactory) -> None:
    """Without inputs a program that starts stays, counted; other errors say something, and above half is a warning."""
    other = tmp_path_factory.mktemp("other")
    (other / "models").symlink_to((workspace / "models").resolve())
    names = {
        "asks": "x = input()\nprint(x)",
        "defines": "class Solution:\n    def f(self):\n        return 1 / 0",
        "fails": "print(1 / 0)\nprint(2)",
        "runs": "x = 1\nprint(x)",
    }
    with artifacts.Output(path=other / "problems/pool", stage="prepare", name="prompts", key=key("2")).claim() as draft:
        rows = [
            {
                "problem_id": name,
                "statement": name,
                "starter_code": "",
                "kind": "stdin",
                "entry_point": "",
                "difficulty": "",
                "date": "",
                "sample_inputs": [],
            }
            for name in names
        ]
        draft.write_table(files.PROBLEMS, tables.PROBLEMS, tables.table(tables.PROBLEMS, rows))
        draft.finish(EMPTY)
    samples = [sample_row(name, text=f"```python\n{code}\n```") for name, code in names.items()]
    done = run(other, samples, filter="Execution")
    assert removed(done) == {"fails": "execution"}
    assert (done.manifest.counts["exercised"], done.manifest.counts["unexercised"]) == (0, 3)
    assert done.manifest.facts["warning"] == "3 of 3 programs that ran had no input: the filter says little"
    again = curate.run(curate_config(other, filter="Execution"), context(other))
    assert again.message == f"3 records of 4 samples, 10.7 epochs; {done.manifest.facts['warning']}"


CUT = {"finish_reason": "length", "completion_token_ids": [5, 6], "logprobs": [-1.0, -1.0]}


@pytest.mark.parametrize(
    ("rows", "science", "words"),
    [
        ([sample_row("p", text="words\nonly")], {"filter": "Syntax"}, r"1 samples is left \(1 no_code\)"),
        (
            [*(sample_row("p", n, **CUT) for n in range(3)), sample_row("q", completion_token_ids=[], error="x")],
            {"truncated": "Drop"},
            r"4 samples is left \(3 truncated, 1 error\)",
        ),
        ([sample_row("p", prompt_token_ids=[1] * 200)], {}, r"1 samples is left \(1 overlong\)"),
        ([], {}, r"0 samples is left \(none came\)"),
    ],
    ids=["filtered", "truncated", "too long", "no samples"],
)
def test_nothing_left_is_an_error_with_the_reasons(
    workspace: Path, rows: list[dict[str, Any]], science: dict[str, Any], words: str
) -> None:
    """Training on nothing is refused, and what removed the samples is said, whichever setting it was."""
    with pytest.raises(BadInput, match=rf"curation: none of {words}"):
        run(workspace, rows, **science)


def test_samples_of_another_model_are_refused(workspace: Path) -> None:
    """A completion that ended by itself ends with a stop token of this model."""
    with pytest.raises(BadInput, match="ends with token 77"):
        run(workspace, [sample_row("p", completion_token_ids=[5, 77])])


def test_a_complete_directory_is_not_written_again(workspace: Path) -> None:
    """A second run finds the result and says the same."""
    run(workspace, [sample_row("p")])
    before = (workspace / f"records/run/{files.MANIFEST}").read_bytes()
    curate.run(curate_config(workspace), context(workspace))
    assert (workspace / f"records/run/{files.MANIFEST}").read_bytes() == before


def test_records_begin_with_the_prompts_of_the_model_however_it_was_sampled(tmp_path: Path) -> None:
    """Sampled from raw text, a record begins with the chat template; its likelihood there is not known."""
    prepare.run(prepare_config(tmp_path, limit=2, sampled_as="Raw"), context(tmp_path))
    pool = artifacts.open_artifact(tmp_path / "problems/pool")
    spoken, begun = (
        {row["problem_id"]: row["token_ids"] for row in tables.rows(pool.table(name, tables.PROMPTS))}
        for name in (files.PROMPTS, files.RECORD_PROMPTS)
    )
    assert all(spoken[name] != begun[name] for name in begun)
    rows = [sample_row(name, text=PROGRAM, prompt_token_ids=ids) for name, ids in spoken.items()]
    for record in records(run(tmp_path, rows)):
        assert record["token_ids"][: record["prompt_length"]] == begun[record["problem_id"]]
        assert math.isnan(record["logprob_sum"])
