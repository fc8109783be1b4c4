"""From trained shards to a directory that transformers and vLLM open, beside the base model's own files.

Only the weights are new: bfloat16 safetensors. The config is the base model's with the new dtype, and tokenizer, chat
template and generation config are copied, so that candidate and base differ in nothing but weights.
"""

import json
import shutil
from pathlib import Path
from typing import Any

import torch
import torch.distributed as dist

from ssd_jobs.artifacts import atomic
from ssd_jobs.contract import Lora, files
from ssd_jobs.stages.train import lora
from ssd_jobs.stages.train.model import Trainee
from ssd_jobs.stages.train.ranks import Ranks, whole

__all__ = ["write"]

WEIGHTS = (files.WEIGHTS, f"{files.WEIGHTS}.index.json", ".bin", ".pt", ".pth")
OURS = (files.MODEL_CONFIG, files.MANIFEST, files.PROGRESS)


def write(trainee: Trainee, base: Path, target: Path, ranks: Ranks, *, adapters: Lora | None) -> None:
    """Write the model; the directory appears whole."""
    weights = _gather(trainee, ranks, dtype=torch.bfloat16 if adapters is None else None)
    if ranks.first:
        if adapters is not None:
            weights = {name: weight.to(torch.bfloat16) for name, weight in lora.merged(weights, adapters).items()}
        draft = target.with_name(f"{atomic.TEMPORARY}{target.name}")
        shutil.rmtree(draft, ignore_errors=True)
        draft.mkdir(parents=True)
        _save(trainee.causal_lm, weights, draft)
        _copy(base, draft)
        for file in draft.rglob("*"):
            file.chmod(0o755 if file.is_dir() else 0o644)
        shutil.rmtree(target, ignore_errors=True)
        draft.rename(target)
        atomic.sync_directory(target.parent)
    dist.barrier()


def _gather(trainee: Trainee, ranks: Ranks, *, dtype: torch.dtype | None) -> dict[str, torch.Tensor]:
    """Collect one weight after the other on rank 0's CPU, as it is or in another dtype."""
    gathered: dict[str, torch.Tensor] = {}
    for name, weight in trainee.named_weights().items():
        full = whole(weight.detach())
        if ranks.first:
            gathered[name] = full.to(dtype=dtype or full.dtype, device="cpu")
    return gathered


def _save(model: Any, weights: dict[str, torch.Tensor], directory: Path) -> None:
    """Write safetensors under the names that the base's checkpoint uses."""
    from huggingface_hub import save_torch_state_dict
    from transformers.core_model_loading import revert_weight_conversion

    original = {
        name: weight.clone() if weight.untyped_storage().nbytes() != weight.nbytes else weight
        for name, weight in revert_weight_conversion(model, weights).items()
    }
    pattern = f"model{{suffix}}{files.WEIGHTS}"
    save_torch_state_dict(original, directory, filename_pattern=pattern, metadata={"format": "pt"})


def _copy(base: Path, directory: Path) -> None:
    """Copy everything but the weights from the base model."""
    for file in base.iterdir():
        if (
            file.is_file()
            and not file.name.startswith(".")
            and not file.name.endswith(WEIGHTS)
            and file.name not in OURS
        ):
            shutil.copyfile(file, directory / file.name)
    config = json.loads((base / files.MODEL_CONFIG).read_text(encoding="utf-8"))
    config.pop("quantization_config", None)
    config.pop("torch_dtype", None)
    config["dtype"] = "bfloat16"
    (directory / files.MODEL_CONFIG).write_text(json.dumps(config, indent=2) + "\n", encoding="utf-8")
