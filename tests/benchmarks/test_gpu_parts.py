"""Parts of `make bench-gpu` in their tiny form, on this CPU: they run, and say what they are asked for."""

from pathlib import Path
from typing import Any

import numpy as np
import pytest

from benchmarks.gpu import engine, gradients, guard, part, train, trl, vllm


def _run(folder: Path, measure: Any) -> list[dict[str, Any]]:
    """Return all that a part has said."""
    said: list[dict[str, Any]] = []
    measure(part.Part(folder, True, None, {}, lambda found: said.append(dict(found))))
    return said


def test_train_says_speed_memory_and_losses(tmp_path: Path) -> None:
    """Of each arm, and a policy that only computes again changes no loss."""
    arms = [
        train.Arm("None", {"activation_checkpointing": "None"}),
        train.Arm("Selective", {"activation_checkpointing": "Selective"}),
    ]
    *_, last = _run(tmp_path, lambda of: train.measure(of, arms))
    plain, selective = (last["arms"][arm.name] for arm in arms)
    assert plain["tokens_per_s"] > 0
    assert plain["losses"] == selective["losses"]
    assert len(plain["losses"]) == 3


def test_arms_are_every_policy_with_and_without_what_the_stage_has() -> None:
    """No arm is forgotten, and no two are the same."""
    found = [arm.execution for arm in train.arms()]
    assert {each["activation_checkpointing"] for each in found} == {"None", "Selective", "Full"}
    assert len({tuple(sorted(each.items())) for each in found}) == len(found)


def test_gradients_are_compared_family_by_family(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Each way to compute them, and attention in documents apart; bfloat16 is within its bound of float32."""
    monkeypatch.setattr(gradients, "FAMILIES", ("qwen3",))
    *_, last = _run(tmp_path, gradients.measure)
    assert last["families"]["qwen3"].keys() == set(train.POLICIES)
    assert 0 < last["worst"] <= gradients.LIMIT
    assert last["fine"]


def test_a_wrong_gradient_is_not_fine() -> None:
    """A weight whose gradient is off is named, and so is one that has none."""
    reference = {"a": np.ones(4, dtype=np.float32), "b": np.ones(4, dtype=np.float32)}
    missing = {"weight": "b", "distance": None}
    off = reference | {"b": np.asarray([1, 1, 1, 2], dtype=np.float32)}
    assert gradients.compared(off, reference) == {"weight": "b", "distance": 0.5}
    assert gradients.compared(reference | {"b": np.full(4, np.nan, dtype=np.float32)}, reference) == missing
    assert gradients.compared({"a": reference["a"]}, reference) == missing


def test_the_guard_agrees_with_the_engine(tmp_path: Path) -> None:
    """What the transformers engine recorded is what the trainer computes; where vLLM sampled nothing, that is said."""
    *_, last = _run(tmp_path / "guard", guard.measure)
    assert last["transformers"]["guard"] == "passed"
    assert last["transformers"]["guard_records"] == 8
    assert "skipped" in last["vllm"]


@pytest.mark.parametrize(("measure", "library"), [(vllm.measure, "vllm"), (trl.measure, "trl")])
def test_a_missing_library_costs_its_part_alone(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, measure: Any, library: str
) -> None:
    """The part says which one, and ends as one that was done."""
    monkeypatch.setattr(part, "lacks", lambda *names: f"{names[0]} is not installed here")
    assert _run(tmp_path, measure) == [{"skipped": f"{library} is not installed here"}]


def test_a_library_is_looked_for_without_importing_it() -> None:
    """A library that is there is not named."""
    assert part.lacks("json") == ""
    assert part.lacks("json", "no_such_library") == "no_such_library is not installed here"


def test_the_engine_draws_the_same_tokens_in_every_way(tmp_path: Path) -> None:
    """Three ways to hold keys and values are measured; their draws at the same seeds are equal on one device."""
    *_, last = _run(tmp_path, engine.measure)
    assert last["arms"].keys() == {f"{arm}, 3 rows" for arm in engine.ARMS}
    assert all(arm["tokens_per_s"] > 0 for arm in last["arms"].values())
    assert [each["rows_that_differ"] for each in last["draws, 3 rows"].values()] == [0, 0]
    assert "cannot be captured" in last["log"][0]
