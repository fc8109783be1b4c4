"""Parts of `make bench-gpu` in their tiny form, on this CPU: they run, and say what they are asked for."""

from pathlib import Path
from typing import Any

from benchmarks.gpu import part, train


def _run(folder: Path, measure: Any) -> list[dict[str, Any]]:
    """Return all that a part has said."""
    said: list[dict[str, Any]] = []
    measure(part.Part(folder, True, lambda found: said.append(dict(found))))
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
