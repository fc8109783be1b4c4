"""Attention that keeps the documents of a pack apart, by the fastest way that the device has.

    flash    flash-attn's variable-length kernel, where the package is installed
    varlen   torch's own variable-length kernel: any recent NVIDIA GPU, 16-bit compute
    flex     torch's flex attention with a document mask: any GPU, any dtype
    each     scaled dot product attention in one document after the other: the CPU, which has no such kernel

The way is no part of a program that torch.compile makes: the lengths of a pack's documents are new in every pack.
"""

import functools
import importlib
import importlib.util
import inspect
import itertools
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, cast

import torch
from torch.nn import functional

__all__ = ["NAME", "Documents", "choose", "register"]

NAME = "ssd_documents"
"""Under which transformers finds us."""
LARGEST_HEAD, HEAD_MULTIPLE = 256, 8
"""What flash attention's kernels, torch's and the package's, take."""


@dataclass(frozen=True, eq=False)
class Documents:
    """Where the documents of a row begin and end."""

    lengths: tuple[int, ...]
    offsets: torch.Tensor
    """(documents + 1,) int32, on the device"""
    longest: int

    @staticmethod
    def of(lengths: list[int], *, device: torch.device) -> "Documents":
        """Describe consecutive documents."""
        offsets = torch.tensor([0, *lengths], dtype=torch.int32).cumsum(0, dtype=torch.int32)
        return Documents(tuple(lengths), offsets.to(device), max(lengths))


@dataclass(frozen=True)
class Call:
    """What a layer asks for besides its states."""

    documents: Documents
    scale: float
    window: int | None
    sinks: torch.Tensor | None


Way = Callable[[torch.Tensor, torch.Tensor, torch.Tensor, Call], torch.Tensor]
"""(tokens, heads, size) three times in, (tokens, heads, size) out."""


def choose(device: torch.device, dtype: torch.dtype) -> str:
    """Return the name of the way that is used."""
    if device.type != "cuda":
        return "each"
    if dtype not in (torch.bfloat16, torch.float16) or torch.cuda.get_device_capability(device) < (8, 0):
        return "flex"
    return "flash" if importlib.util.find_spec("flash_attn") else "varlen"


def register(way: str) -> None:
    """Make transformers call us; without a mask function of that name it builds no mask."""
    from transformers.modeling_utils import ALL_ATTENTION_FUNCTIONS

    ALL_ATTENTION_FUNCTIONS.register(NAME, functools.partial(_attend, WAYS[way]))


@torch.compiler.disable  # type: ignore[untyped-decorator]
def _attend(
    way: Way,
    _module: torch.nn.Module,
    query: torch.Tensor,
    key: torch.Tensor,
    value: torch.Tensor,
    _mask: torch.Tensor | None,
    *,
    documents: Documents,
    scaling: float | None = None,
    sliding_window: int | None = None,
    s_aux: torch.Tensor | None = None,
    **_unused: Any,
) -> tuple[torch.Tensor, None]:
    """Answer transformers' call: (1, heads, tokens, size) in, (1, tokens, heads, size) out."""
    q, k, v = (states[0].transpose(0, 1) for states in (query, key, value))
    scale = scaling if scaling is not None else q.shape[-1] ** -0.5
    return way(q, k, v, Call(documents, scale, sliding_window, s_aux))[None], None


def each(q: torch.Tensor, k: torch.Tensor, v: torch.Tensor, call: Call) -> torch.Tensor:
    """Attend within one document after the other; neighbours of one length are a batch."""
    plain = call.sinks is None and (call.window is None or call.window >= call.documents.longest)
    attend = _causal if plain else _explicit
    repeats = q.shape[1] // k.shape[1]
    states = (q, k.repeat_interleave(repeats, dim=1), v.repeat_interleave(repeats, dim=1))
    runs = [(length, len(list(same))) for length, same in itertools.groupby(call.documents.lengths)]
    sizes = [length * count for length, count in runs]
    outputs = []
    for (length, count), *parts in zip(runs, *(torch.split_with_sizes(each, sizes) for each in states), strict=True):
        queries, keys, values = (part.unflatten(0, (count, length)).transpose(1, 2) for part in parts)
        outputs.append(attend(queries, keys, values, call))
    return torch.cat([output.transpose(1, 2).flatten(0, 1) for output in outputs])


def _causal(q: torch.Tensor, k: torch.Tensor, v: torch.Tensor, call: Call) -> torch.Tensor:
    """Use the fused kernel."""
    return functional.scaled_dot_product_attention(q, k, v, is_causal=True, scale=call.scale)


def _explicit(q: torch.Tensor, k: torch.Tensor, v: torch.Tensor, call: Call) -> torch.Tensor:
    """Write attention out, for sliding windows and for attention sinks, which the fused kernel lacks."""
    position = torch.arange(q.shape[2], device=q.device)
    distance = position[:, None] - position[None, :]
    hidden = (distance < 0) | (distance >= (call.window or q.shape[2]))
    scores = (q @ k.transpose(2, 3) * call.scale).masked_fill(hidden, float("-inf"))
    if call.sinks is None:
        return scores.softmax(-1) @ v
    column = call.sinks.to(scores.dtype).view(1, -1, 1, 1).expand(*scores.shape[:3], 1)
    return torch.cat([scores, column], dim=-1).softmax(-1)[..., :-1] @ v


def varlen(q: torch.Tensor, k: torch.Tensor, v: torch.Tensor, call: Call) -> torch.Tensor:
    """Use torch's variable-length kernel."""
    if not _flash_takes(q, v, call):
        return flex(q, k, v, call)
    from torch.nn.attention.varlen import varlen_attn

    groups: dict[str, Any] = {"enable_gqa": q.shape[1] != k.shape[1]} if _asks_for_groups(varlen_attn) else {}
    out = varlen_attn(
        *(q.contiguous(), k.contiguous(), v.contiguous(), call.documents.offsets, call.documents.offsets),
        *(call.documents.longest, call.documents.longest),
        scale=call.scale,
        window_size=(-1 if call.window is None else call.window - 1, 0),
        **groups,
    )
    return cast("torch.Tensor", out)


@functools.cache
def _asks_for_groups(kernel: Callable[..., Any]) -> bool:
    """Tell whether this torch wants to be told of shared keys; before 2.12 the same kernel took them unasked."""
    return "enable_gqa" in inspect.signature(kernel).parameters


def flash(q: torch.Tensor, k: torch.Tensor, v: torch.Tensor, call: Call) -> torch.Tensor:
    """Use the flash-attn package."""
    if not _flash_takes(q, v, call):
        return flex(q, k, v, call)
    flash_attn: Any = importlib.import_module("flash_attn")
    out: torch.Tensor = flash_attn.flash_attn_varlen_func(
        *(q, k, v, call.documents.offsets, call.documents.offsets, call.documents.longest, call.documents.longest),
        softmax_scale=call.scale,
        causal=True,
        window_size=(-1 if call.window is None else call.window - 1, 0),
    )
    return out


def _flash_takes(q: torch.Tensor, v: torch.Tensor, call: Call) -> bool:
    """Return whether flash attention has a kernel for these heads; it knows no sinks, and no values of another size."""
    size = q.shape[-1]
    return call.sinks is None and size == v.shape[-1] and size <= LARGEST_HEAD and size % HEAD_MULTIPLE == 0


def flex(q: torch.Tensor, k: torch.Tensor, v: torch.Tensor, call: Call) -> torch.Tensor:
    """Use flex attention; a sink only adds exp(sink) to the softmax's denominator, which a sigmoid can do after."""
    from torch.nn.attention.flex_attention import AuxRequest

    states = [part.transpose(0, 1)[None].contiguous() for part in (q, k, v)]
    mask = _block_mask(call.documents, call.window)
    out, aux = _flex_kernel(q.device.type)(
        *states, block_mask=mask, scale=call.scale, enable_gqa=q.shape[1] != k.shape[1], return_aux=AuxRequest(lse=True)
    )
    if call.sinks is not None:
        out = out * torch.sigmoid(aux.lse - call.sinks.to(aux.lse.dtype)[None, :, None])[..., None].to(out.dtype)
    return cast("torch.Tensor", out[0].transpose(0, 1))


@functools.cache
def _flex_kernel(device_type: str) -> Any:
    """Compile once per process; the CPU's reference needs no compiler."""
    from torch.nn.attention.flex_attention import flex_attention

    return torch.compile(flex_attention, dynamic=True) if device_type == "cuda" else flex_attention


@functools.lru_cache(maxsize=2)
def _block_mask(documents: Documents, window: int | None) -> Any:
    """Return which queries see which keys, computed once per pack."""
    from torch.nn.attention.flex_attention import create_block_mask

    device = documents.offsets.device
    owner = torch.repeat_interleave(torch.arange(len(documents.lengths), device=device), documents.offsets.diff())
    reach = documents.longest if window is None else window

    def visible(_b: torch.Tensor, _h: torch.Tensor, q_at: torch.Tensor, k_at: torch.Tensor) -> torch.Tensor:
        return (owner[q_at] == owner[k_at]) & (q_at >= k_at) & (q_at - k_at < reach)

    total = sum(documents.lengths)
    return create_block_mask(visible, None, None, total, total, device=device, _compile=device.type == "cuda")


WAYS: dict[str, Way] = {"flash": flash, "varlen": varlen, "flex": flex, "each": each}
