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
from ssd_jobs.artifacts.counting import Counted, piecewise, uncounted
from ssd_jobs.contract import Lora, files
from ssd_jobs.models import conversions
from ssd_jobs.models.weight_writer import WeightWriter
from ssd_jobs.stages.train import lora
from ssd_jobs.stages.train.model import Trainee
from ssd_jobs.stages.train.ranks import Ranks, whole

__all__ = ["write"]

Weights = dict[str, torch.Tensor]
DTYPE = torch.bfloat16
WEIGHTS = (files.WEIGHTS, f"{files.WEIGHTS}.index.json", ".bin", ".pt", ".pth")
OURS = (files.MODEL_CONFIG, files.MANIFEST, files.PROGRESS)


def write(
    trainee: Trainee,
    base: Path,
    target: Path,
    ranks: Ranks,
    *,
    adapters: Lora | None,
    written: Counted = uncounted,
) -> None:
    """Write the model; the directory appears whole. `written` hears how many bytes of the weights are."""
    draft = target.with_name(f"{atomic.TEMPORARY}{target.name}")
    if ranks.first:
        shutil.rmtree(draft, ignore_errors=True)
        draft.mkdir(parents=True)
    _save(trainee, draft, ranks, adapters, written)
    if ranks.first:
        _copy(base, draft)
        for file in draft.rglob("*"):
            file.chmod(0o755 if file.is_dir() else 0o644)
        shutil.rmtree(target, ignore_errors=True)
        draft.rename(target)
        atomic.sync_directory(target.parent)
    dist.barrier()


def _save(trainee: Trainee, directory: Path, ranks: Ranks, adapters: Lora | None, written: Counted) -> None:
    """Write the weights under the names that the base's files use; no rank holds more than one of them."""
    model, parts, buffers = trainee.causal_lm, _parts(trainee), _buffers(trainee.causal_lm)
    shapes = _shapes(parts)
    due = conversions.reverted(model, shapes | buffers)
    groups = conversions.groups(model, parts)
    one_is_written = piecewise((sum(shapes[name].nbytes for name in together) for together in groups), written)
    writer = WeightWriter(directory, due) if ranks.first else None
    for together in groups:
        gathered = {name: _gather(parts[name]) for name in together}
        if writer is not None:
            weights = {name: _plain(found, adapters) for name, found in gathered.items()}
            for name, tensor in conversions.reverted(model, weights).items():
                writer.write(name, tensor)
            one_is_written()
    if writer is not None:
        for name, tensor in conversions.reverted(model, buffers).items():
            writer.write(name, tensor)
        writer.finish()


def _buffers(model: Any) -> Weights:
    """Return what the files keep besides weights, such as what a router adds to its scores; it is not rounded."""
    kept = model.state_dict().keys()
    return {name: buffer.float().cpu() for name, buffer in model.named_buffers() if name in kept}


def _parts(trainee: Trainee) -> dict[str, Weights]:
    """Return, for every weight of the plain model, the parameters that it is made of."""
    found: dict[str, Weights] = {}
    for name, weight in trainee.named_weights().items():
        found.setdefault(lora.source_name(name), {})[name] = weight.detach()
    return found


def _shapes(parts: dict[str, Weights]) -> Weights:
    """Return the weights of the plain model without their data."""
    return {
        plain: torch.empty(weight.shape, dtype=DTYPE, device="meta")
        for plain, found in parts.items()
        for name, weight in found.items()
        if not lora.is_adapter(name)
    }


def _gather(parts: Weights) -> Weights:
    """Return whole parameters, on every rank; one that needs no adding is rounded first, which halves the traffic."""
    if len(parts) > 1:
        return {name: whole(weight) for name, weight in parts.items()}
    return {name: whole(weight.to(DTYPE)) for name, weight in parts.items()}


def _plain(parts: Weights, adapters: Lora | None) -> torch.Tensor:
    """Return the rounded weight that parameters make."""
    found = {name: weight.cpu() for name, weight in parts.items()}
    if adapters is not None:
        found = lora.merged(found, adapters)
    (weight,) = found.values()
    return weight.to(DTYPE)


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
