"""Whether gradients on this device are those of float32 on a CPU, for every family and every way to compute them.

Tiny models, bfloat16 against float32: the relative distance of each weight's gradient, of which the worst is shown.
And whether every way to attend keeps the documents of a pack apart: forward and backward against attention in one
document after the other, and not one bit of a document's result changes with its neighbour's tokens.
"""

import gc
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

import numpy as np
import numpy.typing as npt

from benchmarks.gpu import part, train
from ssd_jobs.contract import files
from ssd_jobs.errors import first_line

if TYPE_CHECKING:
    from ssd_jobs.stages.train.ranks import Ranks

__all__ = ["LIMIT", "compared", "measure"]

FAMILIES = ("qwen2", "qwen3", "llama", "qwen3_moe", "gpt_oss")
LIMIT = 0.05
"""Of a gradient's length: bfloat16 rounds by 0.4 %, and each layer adds its own roundings."""
FLOOR = 1e-3
"""Of the whole gradient's length: a weight whose gradient is next to nothing is measured by that."""
LENGTHS = (2, 130, 31, 64, 200, 7)
ERRORS = (RuntimeError, AssertionError, ImportError, OSError)
"""What kernels and compilers raise where they do not work; the others are still worth knowing."""
Gradients = dict[str, npt.NDArray[np.float32]]


@dataclass(frozen=True)
class Sizes:
    """Of the models; a router chooses all its experts, so that no rounding chooses another one."""

    hidden: int
    head_size: int
    vocabulary: int


TINY, SMALL = Sizes(32, 8, 97), Sizes(256, 64, 1024)


def measure(of: part.Part) -> None:
    """Check the usual way to attend first, because what is wrong there is wrong everywhere; compilers come last."""
    import torch

    from ssd_jobs.stages.train import attention, ranks

    usual = attention.choose(torch.device("cuda" if of.gpus else "cpu"), torch.bfloat16)
    attended = dict(_attention(usual, of.gpus))
    of.add("attention", attended)
    with ranks.alone(gpus=0) as place:
        references = {family: _gradients(_model(of, family), {}, "Float32", place) for family in FAMILIES}
    results: dict[str, Any] = {family: {} for family in FAMILIES}
    with ranks.alone(gpus=of.gpus) as place:
        for family, way, execution in _arms(of):
            try:
                found = _gradients(of.folder / family, execution, "BFloat16", place)
                results[family][way] = compared(found, references[family])
            except ERRORS as error:
                results[family][way] = {"distance": None, "failed": first_line(error)}
            of.add("families", results)
    if of.gpus:  # flex attention has no backward on a CPU
        of.add("attention", attended | dict(_attention("flex", of.gpus)))
    every = [found for ways in results.values() for found in ways.values()]
    of.add("worst", max(found["distance"] or float("inf") for found in every))
    of.add("fine", of.found["worst"] <= LIMIT and all(each["fine"] for each in of.found["attention"].values()))


def _arms(of: part.Part) -> Iterator[tuple[str, str, dict[str, Any]]]:
    """Yield family, way, and how the way is asked for."""
    kernels: tuple[dict[str, Any], ...] = ({}, {"kernels": "Fused"}) if of.gpus else ({},)
    for family in FAMILIES:
        for more in kernels:
            for policy in train.POLICIES:
                name = f"{policy}{', fused' if more else ''}"
                yield family, name, {"activation_checkpointing": policy, **more}


def _model(of: part.Part, family: str) -> Path:
    """Return the folder of a family's model, which is written where it is not yet."""
    path = of.folder / family
    if not (path / files.MODEL_CONFIG).exists():
        _write(path, family, TINY if of.tiny else SMALL)
    return path


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
    path: Path, execution: dict[str, Any], compute: Literal["BFloat16", "Float32"], place: "Ranks"
) -> Gradients:
    """Return the gradient of each weight over two packs, computed as the train stage does."""
    from ssd_jobs.stages.train import batch, layout, model, ranks

    config = train.TINY.config(path, compute=compute, gpus=int(place.device.type == "cuda"), execution=execution)
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


def compared(found: Gradients, reference: Gradients) -> dict[str, Any]:
    """Return the weight whose gradient is farthest from the reference, and how far; None: not a number at all."""
    if found.keys() != reference.keys():
        return {"weight": ", ".join(sorted(found.keys() ^ reference.keys())), "distance": None}
    whole = float(np.sqrt(sum(float((each.astype(np.float64) ** 2).sum()) for each in reference.values())))
    distances = {
        name: float(np.linalg.norm(found[name] - each)) / max(float(np.linalg.norm(each)), FLOOR * whole)
        for name, each in reference.items()
    }
    farthest = max(distances, key=lambda name: np.nan_to_num(distances[name], nan=np.inf))
    distance = distances[farthest]
    return {"weight": farthest, "distance": round(distance, 5) if np.isfinite(distance) else None}


def _attention(name: str, gpus: int) -> Iterator[tuple[str, dict[str, Any]]]:
    """Yield how one way compares with one document after the other, with a window and with sinks where it has them."""
    import torch

    from ssd_jobs.stages.train import attention

    device = torch.device("cuda" if gpus else "cpu")
    for window in (None, 5):
        for sinks in (False, True) if name in ("each", "flex") else (False,):
            label = f"{name}{f', window {window}' if window else ''}{', sinks' if sinks else ''}"
            try:
                yield label, _way(attention.WAYS[name], device, window, sinks=sinks)
            except ERRORS as error:
                yield label, {"fine": False, "failed": first_line(error)}


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
    return {"distance": round(distance, 5), "apart": apart, "fine": bool(apart and distance <= LIMIT)}


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
