"""The curves are those of the decoder that the theory describes, on the same contexts for both models."""

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from transformers import AutoModelForCausalLM

from configs.analyze import analyze_config
from ssd_jobs import artifacts
from ssd_jobs.artifacts import tables
from ssd_jobs.context import Context
from ssd_jobs.contract import Decode, files
from ssd_jobs.errors import BadInput
from ssd_jobs.progress.recorder import Progress
from ssd_jobs.stages.analyze import contexts, statistics
from ssd_jobs.stages.analyze import stage as analyze
from ssd_jobs.theory import rigidity
from ssd_jobs.theory.distributions import entropy
from workspaces import training
from workspaces.provenance import EMPTY

SAMPLE: dict[str, Any] = {
    "attempt": 1,
    "text": "",
    "answer_start": 0,
    "finish_reason": "stop",
    "stop_reason": "",
    "logprobs": [],
    "logprob_sum": 0.0,
    "entropy_mean": 0.0,
    "seed": -1,
    "engine_seed": 0,
    "latency_s": 0.0,
}


@given(
    st.lists(st.floats(0.01, 1.0), min_size=3, max_size=12, unique=True),
    st.sampled_from([0.4, 1.0, 2.0]),
    st.integers(0, 6),
    st.floats(0.05, 1.0),
)
def test_what_survives_is_what_the_theorys_decoder_leaves(
    weights: list[float], temperature: float, k: int, mass: float
) -> None:
    """Survivors and their entropy equal those of temperature, then top-k, then top-p, applied one by one."""
    p = np.sort(np.array(weights))[::-1] / sum(weights)
    operations: list[rigidity.Operation] = [
        rigidity.Temperature(temperature),
        *([rigidity.TopK(k)] if k else []),
        rigidity.TopP(mass),
    ]
    expected = rigidity.decode(p, operations)
    decode = Decode(temperature=1.0, top_k=k, top_p=mass)
    arm = statistics.measure(np.log(p)[None], np.array([entropy(p)]), decode, [temperature])
    assert abs(arm.survivors[0, 0] - np.count_nonzero(expected)) <= (1 if _on_the_edge(p, temperature, k, mass) else 0)
    if arm.survivors[0, 0] == np.count_nonzero(expected):
        assert arm.truncated_entropy[0, 0] == pytest.approx(entropy(expected), abs=1e-9)
    assert arm.cumulative[0, -1] == pytest.approx(1.0)


def _on_the_edge(p: np.ndarray, temperature: float, k: int, mass: float) -> bool:
    """Whether rounding decides if one more token is kept."""
    tempered = p[: k or None] ** (1 / temperature)
    return bool(np.isclose(np.cumsum(tempered / tempered.sum()), mass, atol=1e-9).any())


def _shard(root: Path, rows: list[dict[str, Any]]) -> None:
    """Write samples."""
    path = files.shard(root / "samples/run", 0, 1)
    with artifacts.Output(path=path, stage="sample", name="sample", key="d" * 64, shard=0).claim() as draft:
        complete = [{**SAMPLE, "prompt_token_ids": [1, 2], "error": "", **row} for row in rows]
        draft.write_table(files.part(0), tables.SAMPLES, tables.table(tables.SAMPLES, complete))
        draft.finish(EMPTY)


def _row(problem: str, index: int, completion: list[int], **other: Any) -> dict[str, Any]:
    return {"problem_id": problem, "sample_index": index, "completion_token_ids": completion, **other}


def test_one_usable_sample_of_each_problem_is_looked_at(tmp_path: Path) -> None:
    """The first sample with a completion, cut to the limit; problems in an order of the seed's, samples in any."""
    rows = [_row("a", 1, [5, 6, 7]), _row("a", 0, [], error="prompt_too_long"), _row("b", 2, [9]), _row("b", 1, [8])]
    _shard(tmp_path, rows)
    shards = artifacts.open_shards(tmp_path / "samples/run")
    found = contexts.choose(shards, problems=9, max_tokens=2, seed=0)
    assert sorted((each.problem_id, each.tokens, each.prompt_length) for each in found) == [
        ("a", (1, 2, 5, 6), 2),
        ("b", (1, 2, 8), 2),
    ]
    assert contexts.choose(shards, problems=1, max_tokens=2, seed=0) == found[:1]


def test_without_a_completion_there_is_nothing_to_look_at(tmp_path: Path) -> None:
    """The message says so."""
    _shard(tmp_path, [_row("a", 0, [], error="prompt_too_long")])
    with pytest.raises(BadInput, match="none has a completion"):
        contexts.choose(artifacts.open_shards(tmp_path / "samples/run"), problems=1, max_tokens=2, seed=0)


def test_both_models_are_measured_on_the_same_positions(tmp_path: Path) -> None:
    """The numbers are transformers' own, position by position, and a second run finds the first one's."""
    random = np.random.default_rng(0)
    rows = [_row(f"p{i}", 0, random.integers(3, 90, 5 + i).tolist()) for i in range(4)]
    _shard(tmp_path, rows)
    for path, seed in (("models/base", 0), ("checkpoints/c", 1)):
        with artifacts.Output(path=tmp_path / path, stage="train", name="train", key="e" * 64).claim() as draft:
            folder = draft.path / "model" if seed else draft.path
            training.write_model(folder, seed=seed)
            draft.finish(EMPTY)
    context = Context(tmp_path, 0, Progress())
    first = analyze.run(analyze_config(tmp_path), context)
    assert analyze.run(analyze_config(tmp_path), context).digest == first.digest
    found = json.loads((tmp_path / "reports/run" / files.STATISTICS).read_text())
    assert (
        found["positions"] == sum(len(row["completion_token_ids"]) for row in rows) == sum(found["bins"]["positions"])
    )
    arrays = np.load(tmp_path / "reports/run" / files.POSITIONS)
    row = next(row for row in rows if row["problem_id"] == "p2")
    for arm, path in (("base", "models/base"), ("candidate", files.export("checkpoints/c"))):
        logits = _logits(tmp_path / path, [1, 2, *row["completion_token_ids"]])[1:-1]
        expected = [entropy(np.exp(each - each.max()) / np.exp(each - each.max()).sum()) for each in logits]
        np.testing.assert_allclose(arrays[f"{arm}_entropy"][arrays["problem_id"] == "p2"], expected, rtol=1e-4)


def _logits(path: Path, tokens: list[int]) -> np.ndarray:
    import torch

    model = AutoModelForCausalLM.from_pretrained(path, dtype=torch.float32)
    with torch.no_grad():
        return np.asarray(model(torch.tensor([tokens])).logits[0].double())
