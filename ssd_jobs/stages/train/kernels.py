"""Fused GPU kernels of liger-kernel for what is no matrix product in a block: norms, SwiGLU and rotary positions.

Without them, these parts read and write every activation many times, and take half of a step's time on an H100. The
kernels change the modules of one model, never classes or functions of transformers, so that no other model in the
process changes. Two of the library's pieces stay unused. Its rotary embedding writes over the projections it is
given, and selective checkpointing keeps those very projections, so ours rotates copies. Its fused cross-entropy does
not return each token's NLL under a weight of its own, so `loss_kernel` has ours.
"""

import importlib.util
import types
from collections.abc import Callable
from typing import Any, Literal

import torch
from torch import nn

from ssd_jobs.errors import BadInput
from ssd_jobs.models import compilers

__all__ = ["Asked", "Kernels", "choose", "fuse"]

Asked = Literal["Auto", "Fused", "Plain"]
Kernels = Literal["Fused", "Plain"]

CASTING = {
    "Qwen2RMSNorm": "llama",
    "Qwen3RMSNorm": "llama",
    "Qwen3MoeRMSNorm": "llama",
    "LlamaRMSNorm": "llama",
    "GptOssRMSNorm": "gemma",
}
"""The library's word for where each norm rounds: before it multiplies by its weight (llama), or after (gemma)."""
GATED = frozenset({"Qwen2MLP", "Qwen3MLP", "Qwen3MoeMLP", "LlamaMLP"})
"""Dense feed-forward layers; experts have grouped products of their own, and gpt-oss clamps what it gates."""
ATTENTIONS = frozenset({"Qwen2Attention", "Qwen3Attention", "Qwen3MoeAttention", "LlamaAttention", "GptOssAttention"})
ROTARY = "apply_rotary_pos_emb"
"""The function that all of these call by its name, from their own file."""


def choose(asked: Asked, device: torch.device, compute: torch.dtype, *, compiled: bool) -> Kernels:
    """Return which kernels a training uses; refuse fused ones where they cannot run."""
    if asked == "Plain":
        return "Plain"
    obstacle = _obstacle(device, compute, compiled=compiled)
    if asked == "Fused" and obstacle:
        raise BadInput(f"training.kernels: Fused is not possible: {obstacle}; set Auto or Plain")
    return "Plain" if obstacle else "Fused"


def _obstacle(device: torch.device, compute: torch.dtype, *, compiled: bool) -> str:
    """Return why fused kernels cannot run, empty if they can."""
    if device.type != "cuda":
        return "there is no GPU"
    if compute not in (torch.bfloat16, torch.float32):
        return "the kernels compute in 32 bits at most"
    if compiled:
        return "training.compile makes kernels of its own"
    if importlib.util.find_spec("liger_kernel") is None:
        return "liger-kernel is not installed"
    if not compilers.builds_gpu_kernels():
        return "Triton needs a C compiler (gcc) and Python's headers"
    return ""


def fuse(model: nn.Module) -> dict[str, int]:
    """Give every module that has a kernel a class of its own that uses it, and return how many of each sort there are.

    An instance's new class, and not a function set on the instance, which would keep a model alive that nobody uses.
    """
    fused = {"norms": 0, "gates": 0, "rotary": 0}
    classes: dict[str, type[nn.Module]] = {}
    for module in model.modules():
        kind, name = type(module), type(module).__name__
        found = _forward(module) if kind.__module__.startswith("transformers.models.") else None
        if found is not None:
            sort, forward = found
            module.__class__ = classes.setdefault(name, type(f"Fused{name}", (kind,), {"forward": forward}))
            fused[sort] += 1
    return fused


def _forward(module: Any) -> tuple[str, Callable[..., Any]] | None:
    """Return the sort of a module and the forward pass that uses its kernel, None if it has none."""
    kind, name = type(module), type(module).__name__
    if name in CASTING:
        return "norms", _norms(CASTING[name])
    if name in GATED and getattr(module.config, "hidden_act", None) == "silu":
        return "gates", _gate
    if name in ATTENTIONS and ROTARY in kind.forward.__code__.co_names:
        return "rotary", _with_rotary(kind.forward)
    return None


def _norms(casting: str) -> Callable[..., torch.Tensor]:
    """Return RMS norm with one way of rounding, which leaves the gradient that comes in as it is."""

    def forward(module: Any, hidden_states: torch.Tensor) -> torch.Tensor:
        from liger_kernel.ops.rms_norm import LigerRMSNormFunction

        arguments = (hidden_states, module.weight, module.variance_epsilon, 0.0, casting, False)
        out: torch.Tensor = LigerRMSNormFunction.apply(*arguments)
        return out

    return forward


def _gate(module: Any, x: torch.Tensor) -> torch.Tensor:
    """Apply the feed-forward layer; backward writes over both projections, which nothing else reads by then."""
    from liger_kernel.ops.swiglu import LigerSiLUMulFunction

    gated = LigerSiLUMulFunction.apply(module.gate_proj(x), module.up_proj(x))
    out: torch.Tensor = module.down_proj(gated)
    return out


def _with_rotary(forward: Any) -> types.FunctionType:
    """Return an attention layer's forward pass as transformers wrote it, in which the rotary function is ours."""
    names: dict[str, Any] = {**forward.__globals__, ROTARY: _rotate}
    copy = types.FunctionType(forward.__code__, names, forward.__name__, forward.__defaults__, forward.__closure__)
    copy.__kwdefaults__ = forward.__kwdefaults__
    return copy


def _rotate(
    query: torch.Tensor, key: torch.Tensor, cos: torch.Tensor, sin: torch.Tensor
) -> tuple[torch.Tensor, torch.Tensor]:
    """Rotate queries and keys of shape (1, heads, tokens, size)."""
    rotated: tuple[torch.Tensor, torch.Tensor] = Rotation.apply(query, key, cos, sin)  # type: ignore[no-untyped-call]
    return rotated


class Rotation(torch.autograd.Function):
    """The library's rotary kernel, on copies."""

    @staticmethod
    def forward(
        ctx: Any, query: torch.Tensor, key: torch.Tensor, cos: torch.Tensor, sin: torch.Tensor
    ) -> tuple[torch.Tensor, torch.Tensor]:
        """Rotate by the angles."""
        from liger_kernel.ops.rope import rope_forward

        ctx.save_for_backward(cos, sin)
        # gpt-oss stores each angle once, the others twice: the width of a head says how many entries are rotated.
        query, key, _, _ = rope_forward(_copied(query), _copied(key), cos, sin, rotary_dim=query.shape[-1])
        return query, key

    @staticmethod
    def backward(
        ctx: Any, grad_query: torch.Tensor, grad_key: torch.Tensor
    ) -> tuple[torch.Tensor, torch.Tensor, None, None]:
        """Rotate the gradients back."""
        from liger_kernel.ops.rope import rope_backward

        cos, sin = ctx.saved_tensors
        size = grad_query.shape[-1]
        query, key = rope_backward(_copied(grad_query), _copied(grad_key), cos, sin, rotary_dim=size)
        return query, key, None, None


def _copied(states: torch.Tensor) -> torch.Tensor:
    """Copy (1, heads, tokens, size) into the layout that kernels of attention read: tokens, then heads."""
    return states.transpose(1, 2).clone(memory_format=torch.contiguous_format).transpose(1, 2)
