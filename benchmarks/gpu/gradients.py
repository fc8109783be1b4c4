"""Whether gradients on this device are those of float32 on a CPU, for every family and every way to compute them.

Tiny models, bfloat16 against float32: the relative distance of each weight's gradient, of which the worst is shown.
And whether every way to attend keeps the documents of a pack apart: forward and backward against attention in one
document after the other, and not one bit of a document's result changes with its neighbour's tokens.
"""

import gc
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

import numpy as np
import numpy.typing as npt

from benchmarks.gpu import part, train
from benchmarks.loads import PLAIN
from ssd_jobs.contract import files

__all__ = ["LIMIT", "measure", "worst"]

FAMILIES = ("qwen2", "qwen3", "llama", "qwen3_moe", "gpt_oss")
LIMIT = 0.05
"""Of a gradient's length: bfloat16 rounds by 0.4 %, and each layer adds its own roundings."""
FLOOR = 1e-3
"""Of the whole gradient's length: a weight whose gradient is next to nothing is measured by that."""
LENGTHS = (2, 130, 31, 64, 200, 7)
Gradients = dict[str, npt.NDArray[np.float32]]


@dataclass(frozen=True)
class Sizes:
    """Of the models; a router chooses all its experts, so that no rounding chooses another one."""

    hidden: int
    head_size: int
    vocabulary: int


TINY, SMALL = Sizes(32, 8, 97), Sizes(256, 64, 1024)


def measure(of: part.Part) -> None:
    """Check attention first, because what is wrong there is wrong everywhere."""
    of.add("attention", dict(_attention(of.gpus)))
    results: dict[str, Any] = {}
    for family in FAMILIES:
        results[family] = {}
        for way, found in _family(of, family):
            results[family][way] = found
            of.add("families", results)
    every = [(found["worst"], family, way) for family, ways in results.items() for way, found in ways.items()]
    of.add("worst", max(every))
    fine = max(every)[0] <= LIMIT and all(each["fine"] for each in of.found["attention"].values())
    of.add("fine", bool(fine))


def _family(of: part.Part, family: str) -> Iterator[tuple[str, dict[str, Any]]]:
    """Yield how far the gradients of each way are from the reference."""
    sizes = TINY if of.tiny else SMALL
    path = of.folder / family
    if not (path / files.MODEL_CONFIG).exists():
        _write(path, family, sizes)
    reference = _gradients(path, {}, compute="Float32", gpus=0)
    kernels: tuple[dict[str, Any], ...] = ({}, {"kernels": "Fused"}) if PLAIN and of.gpus else ({},)
    for more in kernels:
        for policy in train.POLICIES:
            name = f"{policy}{', fused' if more else ''}"
            execution = {"activation_checkpointing": policy, **more}
            found = _gradients(path, execution, compute="BFloat16", gpus=of.gpus)
            weight, distance = worst(found, reference)
            yield name, {"worst": round(distance, 5), "weight": weight}


def _write(path: Path, family: str, sizes: Sizes) -> None:
    """Write a random model of a family."""
    import torch
    from transformers import AutoConfig, AutoModelForCausalLM

    options: dict[str, Any] = {
        "vocab_size": sizes.vocabulary,
        "hidden_size": sizes.hidden,
        "intermediate_size": 2 * sizes.hidden,
        "num_hidden_layers": 2,
        "num_attention_heads": 4,
        "num_key_value_heads": 2,
        "max_position_embeddings": 1024,
        "initializer_range": 0.6 / sizes.hidden**0.5,
        "bos_token_id": 1,
        "eos_token_id": 2,
        "pad_token_id": 0,
        "tie_word_embeddings": family.startswith("qwen"),
    }
    if family != "qwen2":
        options["head_dim"] = sizes.head_size
    if family == "qwen3_moe":
        options |= {"num_experts": 4, "num_experts_per_tok": 4, "moe_intermediate_size": sizes.hidden // 2}
    if family == "gpt_oss":
        kinds = ["sliding_attention", "full_attention"]
        options |= {"num_local_experts": 4, "num_experts_per_tok": 4, "sliding_window": 7, "layer_types": kinds}
    torch.manual_seed(0)
    model = AutoModelForCausalLM.from_config(AutoConfig.for_model(family, **options), dtype=torch.float32)
    model.save_pretrained(path)


def _gradients(
    path: Path, execution: dict[str, Any], *, compute: Literal["BFloat16", "Float32"], gpus: int
) -> Gradients:
    """Return the gradient of each weight over two packs, computed as the train stage does."""
    from ssd_jobs.stages.train import batch, layout, model, ranks

    config = train.TINY.config(path, compute=compute, gpus=gpus, execution=execution)
    with ranks.alone(gpus=gpus) as place:
        trainee = model.load(path, model.ModelSettings.of(config), place)
        documents = list(_documents(trainee.causal_lm.config.vocab_size))
        halves = (documents[:3], documents[3:])
        share = 1 / sum(len(tokens) - 1 for tokens in documents)
        packs = [layout.arrange(half, [1] * 3, [share] * 3, device=place.device) for half in halves]
        batch.backward(trainee, packs)
        found = {
            name: ranks.whole(weight.grad).detach().float().cpu().numpy()
            for name, weight in trainee.trained_weights().items()
            if weight.grad is not None
        }
        del trainee, packs
        gc.collect()
    return found


def _documents(vocabulary: int) -> Iterator[npt.NDArray[np.int32]]:
    random = np.random.default_rng(0)
    for length in LENGTHS:
        yield random.integers(3, vocabulary, length + 1, dtype=np.int32)


def worst(found: Gradients, reference: Gradients) -> tuple[str, float]:
    """Return the weight whose gradient is farthest from the reference, and how far."""
    if found.keys() != reference.keys():
        return ", ".join(sorted(found.keys() ^ reference.keys())), float("inf")
    whole = float(np.sqrt(sum(float((each.astype(np.float64) ** 2).sum()) for each in reference.values())))
    distances = {
        name: float(np.linalg.norm(found[name] - each)) / max(float(np.linalg.norm(each)), FLOOR * whole)
        for name, each in reference.items()
    }
    farthest = max(distances, key=lambda name: np.nan_to_num(distances[name], nan=np.inf))
    return farthest, float(np.nan_to_num(distances[farthest], nan=np.inf))


def _attention(gpus: int) -> Iterator[tuple[str, dict[str, Any]]]:
    """Yield how each way of this device compares with one document after the other."""
    import torch

    from ssd_jobs.stages.train import attention

    device = torch.device("cuda" if gpus else "cpu")
    ways = (attention.choose(device, torch.bfloat16), *(("flex",) if gpus else ()))  # which has no backward on a CPU
    for name in dict.fromkeys(ways):
        for window in (None, 5):
            for sinks in (False, True):
                label = f"{name}{f', window {window}' if window else ''}{', sinks' if sinks else ''}"
                yield label, _way(attention.WAYS[name], device, window, sinks=sinks)


def _way(way: Callable[..., Any], device: Any, window: int | None, *, sinks: bool) -> dict[str, Any]:
    """Compare one way with the reference, and with itself after a neighbour's tokens changed."""
    import torch

    from ssd_jobs.stages.train import attention

    torch.manual_seed(0)
    dtype = torch.bfloat16 if device.type == "cuda" else torch.float32
    total, first = sum(LENGTHS), sum(LENGTHS[:2])
    states = [torch.randn(total, heads, 64).to(dtype) for heads in (4, 2, 2)]
    column = torch.randn(4) if sinks else None
    expected = _derived(attention.each, states, column, window, torch.device("cpu"), torch.float32)
    found = _derived(way, states, column, window, device, dtype)
    for state in states:
        state[:first] = torch.randn_like(state[:first])
    again = _derived(way, states, column, window, device, dtype)
    distance = max(float((a - b).norm() / b.norm()) for a, b in zip(found, expected, strict=True))
    apart = torch.equal(found[0][first:], again[0][first:])
    return {"worst": round(distance, 5), "apart": apart, "fine": bool(apart and distance <= LIMIT)}


def _derived(
    way: Callable[..., Any], states: list[Any], sinks: Any, window: int | None, device: Any, dtype: Any
) -> list[Any]:
    """Return a way's result and its three gradients, in float32 on the CPU."""
    from ssd_jobs.stages.train import attention

    documents = attention.Documents.of(list(LENGTHS), device=device)
    inputs = [state.clone().to(device, dtype).requires_grad_() for state in states]
    call = attention.Call(documents, 0.125, window, None if sinks is None else sinks.to(device))
    out = way(*inputs, call)
    out.float().square().sum().backward()
    return [each.detach().float().cpu() for each in (out, *(state.grad for state in inputs))]


if __name__ == "__main__":
    part.main(measure)
