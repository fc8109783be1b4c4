"""Schedule, corpus, metrics and FLOPs: the small parts that everything else counts on."""

import itertools
import json
import tempfile
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from torch.nn.attention import SDPBackend, sdpa_kernel
from torch.utils.flop_counter import FlopCounterMode

from ssd_jobs import artifacts
from ssd_jobs.artifacts import tables
from ssd_jobs.contract import files
from ssd_jobs.errors import BadInput
from ssd_jobs.stages.train import corpus, flops, layout, model, ranks, schedule
from ssd_jobs.stages.train.metrics import TrainingMetrics
from workspaces import training
from workspaces.provenance import EMPTY


@pytest.mark.parametrize(("step", "rate"), [(1, 2e-8), (125, 2.5e-6), (250, 5e-6), (1375, 3e-6), (2500, 1e-6)])
def test_the_schedule_of_the_paper(step: int, rate: float) -> None:
    """Linear warm-up to the peak, then a half cosine to the minimum."""
    assert schedule.learning_rate(step, steps=2500, warmup=250, peak=5e-6, minimum=1e-6) == pytest.approx(rate)


@given(st.integers(1, 60), st.integers(0, 80))
def test_any_schedule_stays_between_zero_and_the_peak(steps: int, warmup: int) -> None:
    """No step has a rate of zero or above the peak, and the rate never rises after the warm-up."""
    rates = [schedule.learning_rate(s, steps=steps, warmup=warmup, peak=1.0, minimum=0.1) for s in range(1, steps + 1)]
    assert all(0 < rate <= 1 for rate in rates)
    after = rates[warmup:]
    assert after == sorted(after, reverse=True)


RECORD = {"problem_id": "p", "sample_index": 0, "finished": True, "logprob_sum": -1.0}
REFUSED: dict[str, tuple[dict[str, Any], list[dict[str, Any]], str]] = {
    "no prompt": ({"token_ids": [1, 2], "prompt_length": 0}, [], "record 0 has no prompt token"),
    "no completion": ({"token_ids": [1, 2], "prompt_length": 2}, [], "record 0 has no loss token"),
    "too long": ({"token_ids": [1] * 9, "prompt_length": 2}, [], "record 0 is longer than sequenceLength 8"),
    "other steps": ({}, [{"step": 1, "record_ids": [0, 0]}], "does not plan the steps 1 to 2"),
    "other batch": (
        {},
        [{"step": 1, "record_ids": [0]}, {"step": 2, "record_ids": [0, 0]}],
        "step 1 has 1 records, not 2",
    ),
    "no such record": (
        {},
        [{"step": 1, "record_ids": [0, 5]}, {"step": 2, "record_ids": [0, 0]}],
        "step 1 names a record that is not there",
    ),
}


@pytest.mark.parametrize("case", REFUSED)
def test_what_cannot_be_trained_on_is_named(tmp_path: Path, case: str) -> None:
    """The message has the file and the row, before any model is loaded."""
    record, plan, message = REFUSED[case]
    rows = [{"record_id": 0, "token_ids": [1, 2, 3], "prompt_length": 1, **RECORD, **record}]
    steps = plan or [{"step": step, "record_ids": [0, 0]} for step in (1, 2)]
    with artifacts.Output(path=tmp_path, stage="curate", name="curate", key="c" * 64).claim() as draft:
        draft.write_table(files.RECORDS, tables.RECORDS, tables.table(tables.RECORDS, rows))
        draft.write_table(files.BATCHES, tables.BATCHES, tables.table(tables.BATCHES, steps))
        draft.finish(EMPTY)
    with pytest.raises(BadInput, match="parquet: ") as caught:
        corpus.load(artifacts.open_artifact(tmp_path), steps=2, global_batch_size=2, sequence_length=8)
    assert message in str(caught.value)


@given(st.lists(st.tuples(st.integers(1, 6), st.integers(0, 6), st.integers(0, 6)), min_size=1, max_size=6))
def test_no_crash_records_a_step_twice(attempts: list[tuple[int, int, int]]) -> None:
    """Whatever the file ever held, and may have been sent of it, has one value of each step, and in the end all steps.

    An attempt does some steps, makes some of them durable, and the next one goes back by some.
    """
    times = itertools.count(1.0)
    with tempfile.TemporaryDirectory() as name:
        folder, seen, done = Path(name), set(), 0
        for steps, unwritten, back in attempts:
            metrics = TrainingMetrics(folder, clock=lambda: next(times))
            for step in range(done + 1, done + steps + 1):
                metrics.add(step, {"loss": next(times)})
            done += steps
            metrics.write(through=done - unwritten)
            rows = _rows(folder)
            seen |= {(row["step"], row["value"], row["time_ms"]) for row in rows}
            assert [row["step"] for row in rows] == list(range(1, len(rows) + 1))
            done = max(0, min(done - unwritten, len(rows)) - back)
        tables.table(tables.METRICS, rows)
    assert len({step for step, _, _ in seen}) == len(seen)


def test_a_step_after_the_checkpoint_is_not_durable(tmp_path: Path) -> None:
    """What a resume would do again is not in the file, from which MLflow is told; the next checkpoint brings it."""
    metrics = TrainingMetrics(tmp_path)
    for step in (1, 2, 3):
        metrics.add(step, {"loss": float(step)})
    metrics.write(through=2)
    assert [row["step"] for row in _rows(tmp_path)] == [1, 2]
    metrics.write(through=3)
    assert [row["step"] for row in _rows(tmp_path)] == [1, 2, 3]


def _rows(folder: Path) -> list[dict[str, Any]]:
    return [json.loads(line) for line in (folder / files.METRICS).read_text().splitlines()]


def test_useful_flops_are_what_torch_counts(tmp_path: Path) -> None:
    """Three times the forward pass of each document alone, with the head on loss tokens only."""
    directory = training.write_model(tmp_path)
    with ranks.alone(gpus=0) as place:
        trainee = model.load(directory, training.model_settings("Float32"), place)
        work = flops.Work(trainee)
        counted = 0
        for length, prompt in ((9, 3), (30, 10)):
            document = np.arange(length + 1, dtype=np.int32)
            pack = layout.arrange([document], [prompt], [1.0], device=place.device)
            with torch.no_grad(), sdpa_kernel(SDPBackend.MATH), FlopCounterMode(display=False) as counter:
                trainee(pack)
            counted += 3 * counter.get_total_flops()
    assert work.flops([9, 30], (10 - 3) + (31 - 10)) == pytest.approx(counted, rel=1e-6)


@pytest.mark.parametrize("family", ["qwen3-moe", "gpt-oss"])
def test_routers_are_trained_by_the_loss_alone(tmp_path: Path, family: str) -> None:
    """They have gradients, and a config that asks to balance the experts changes neither loss nor gradient."""
    directory = training.write_model(tmp_path, family=family)
    plain = _router_step(directory)
    config = directory / files.MODEL_CONFIG
    config.write_text(json.dumps(json.loads(config.read_text()) | {"output_router_logits": True}))
    balanced = _router_step(directory)
    assert len(plain) == 1 + 2, "a loss and two routers"
    assert all(np.abs(values).max() > 0 for values in plain.values())
    assert all(np.array_equal(plain[name], balanced[name]) for name in plain)


def _router_step(directory: Path) -> dict[str, np.typing.NDArray[np.float32]]:
    """Return the loss of a pack and the gradients of the routers' matrices."""
    with ranks.alone(gpus=0) as place:
        trainee = model.load(directory, training.model_settings("Float32"), place)
        document = np.arange(3, 33, dtype=np.int32)
        loss, _ = trainee(layout.arrange([document], [5], [1.0], device=place.device))
        loss.backward()
    weights = trainee.trained_weights()
    routers = [name for name in weights if name.endswith(("mlp.gate.weight", "mlp.router.weight"))]
    gradients = {name: weights[name].grad for name in routers}
    return {
        "loss": loss.detach().numpy(),
        **{name: each.numpy() for name, each in gradients.items() if each is not None},
    }


@pytest.mark.parametrize(
    ("name", "tflops"),
    [
        ("NVIDIA H100 80GB HBM3", 989),
        ("NVIDIA H100 PCIe", 756),
        ("NVIDIA H200", 989),
        ("NVIDIA H200 NVL", 835),
        ("NVIDIA GB200", 2250),
        ("NVIDIA A100-SXM4-80GB", 312),
        ("NVIDIA L4", 121),
        ("NVIDIA L40", None),
        ("NVIDIA A10G", None),
    ],
)
def test_a_device_is_known_by_whole_words(name: str, tflops: int | None) -> None:
    """No device gets the peak of another whose name is only the beginning of its own."""
    found = flops.named_peak(name)
    assert (None if found is None else round(found / 1e12)) == tflops
