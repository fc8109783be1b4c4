"""Fused kernels compute what the operations that they replace compute, and are used where they can run."""

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
import torch
from transformers import AutoModelForCausalLM

from ssd_jobs.errors import BadInput
from ssd_jobs.models import compilers
from ssd_jobs.stages.train import kernels
from workspaces import training

ROOT = Path(__file__).parents[4]
NEARLY = 1e-5
"""How far float32 may be from float64."""


def _interpreted(program: str, *arguments: str) -> dict[str, Any]:
    """Return what a program says in whose process Triton is interpreted."""
    environment = {**os.environ, "TRITON_INTERPRET": "1", "PYTHONPATH": f"{ROOT / 'tests/support'}:{ROOT}"}
    command = [sys.executable, "-m", f"processes.{program}", *arguments]
    done = subprocess.run(command, capture_output=True, text=True, env=environment, check=False)
    assert done.returncode == 0, done.stderr
    found: dict[str, Any] = json.loads(done.stdout)
    return found


def _models(folder: Path, *families: str) -> list[str]:
    return [str(training.write_model(folder / family, family=family)) for family in families]


def _hold(found: dict[str, Any]) -> None:
    """Check one family's distances under every way of checkpointing activations."""
    assert all(found["fused"][part] for part in ("norms", "rotary"))
    assert max(found[mode] for mode in ("None", "Selective", "Full")) < NEARLY


def test_fused_gradients_are_the_gradients(tmp_path: Path) -> None:
    """Whatever backward computes again, also where the rotary embedding's input is what selective checkpointing keeps.

    That is so in Qwen2, where nothing stands between a projection and its rotation.
    """
    found = _interpreted("fused_gradients", "1", *_models(tmp_path, "qwen2"))["qwen2"]
    assert found["fused"] == {"norms": 5, "gates": 2, "rotary": 2}
    _hold(found)


@pytest.mark.endurance
@pytest.mark.parametrize("world", [1, 2])
def test_fused_gradients_of_every_family(tmp_path: Path, world: int) -> None:
    """In all families and on several ranks; experts have products of their own, so gpt-oss and MoE fuse no gate."""
    found = _interpreted("fused_gradients", str(world), *_models(tmp_path, *training.FAMILIES))
    assert {family for family, counts in found.items() if not counts["fused"]["gates"]} == {"gpt-oss", "qwen3-moe"}
    for family in training.FAMILIES:
        _hold(found[family])


def test_one_model_is_fused_and_no_other(tmp_path: Path) -> None:
    """Neither transformers' classes nor a second model of the same kind change."""
    (directory,) = _models(tmp_path, "qwen3")
    fused, other = (AutoModelForCausalLM.from_pretrained(directory) for _ in range(2))
    before = {type(module): type(module).forward for module in fused.modules()}
    kernels.fuse(fused)
    assert all(kind.forward is forward for kind, forward in before.items())
    assert sum(type(module).__name__.startswith("Fused") for module in fused.modules()) == 9 + 2 + 2
    assert {type(module) for module in other.modules()} == before.keys()


CUDA, CPU = torch.device("cuda"), torch.device("cpu")
IMPOSSIBLE: dict[str, tuple[torch.device, torch.dtype, bool, bool]] = {
    "there is no GPU": (CPU, torch.bfloat16, False, True),
    "the kernels compute in 32 bits at most": (CUDA, torch.float64, False, True),
    "training.compile makes kernels of its own": (CUDA, torch.bfloat16, True, True),
    "Triton needs a C compiler": (CUDA, torch.bfloat16, False, False),
}


@pytest.mark.parametrize("why", IMPOSSIBLE)
def test_where_kernels_cannot_run_auto_is_plain_and_fused_is_refused(monkeypatch: pytest.MonkeyPatch, why: str) -> None:
    """A wish that cannot be fulfilled says why; no wish is no error."""
    device, compute, compiled, builds = IMPOSSIBLE[why]
    monkeypatch.setattr(compilers, "builds_gpu_kernels", lambda: builds)
    assert kernels.choose("Auto", device, compute, compiled=compiled) == "Plain"
    assert kernels.choose("Plain", device, compute, compiled=compiled) == "Plain"
    with pytest.raises(BadInput, match=rf"training\.kernels: Fused is not possible: {why}"):
        kernels.choose("Fused", device, compute, compiled=compiled)


def test_a_gpu_with_the_library_uses_it(monkeypatch: pytest.MonkeyPatch) -> None:
    """Auto and Fused are the same there, and Plain stays plain."""
    monkeypatch.setattr(compilers, "builds_gpu_kernels", lambda: True)
    chosen = {
        asked: kernels.choose(asked, CUDA, torch.bfloat16, compiled=False) for asked in ("Auto", "Fused", "Plain")
    }
    assert chosen == {"Auto": "Fused", "Fused": "Fused", "Plain": "Plain"}


def test_the_kernel_of_the_loss_is_the_loss() -> None:
    """NLLs and both gradients, in several chunks of rows and blocks of words, with and without a backward pass."""
    found = _interpreted("interpreted_loss")
    assert found.keys() == {"gradient", "score"}
    assert max(found.values()) < NEARLY
