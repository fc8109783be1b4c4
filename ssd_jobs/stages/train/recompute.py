"""Activation checkpointing: what backward recomputes instead of remembering.

`Full` remembers each block's input. `Selective` also remembers the results of attention and of every second matrix
product, the ones that are dear to recompute.
"""

from collections.abc import Callable
from typing import Any, Literal

from torch.utils.checkpoint import CheckpointPolicy, create_selective_checkpoint_contexts

__all__ = ["enable"]

DEAR = frozenset(
    {
        "aten::_scaled_dot_product_flash_attention",
        "aten::_scaled_dot_product_efficient_attention",
        "aten::_scaled_dot_product_flash_attention_for_cpu",
        "torch_attn::_varlen_attn",
        "flash_attn::_flash_attn_varlen_forward",
    }
)
PRODUCTS = frozenset({"aten::mm", "aten::addmm", "aten::bmm"})


def enable(model: Any, mode: Literal["None", "Selective", "Full"]) -> None:
    """Set what every block of the model remembers."""
    if mode == "None":
        return
    settings: dict[str, Any] = {"use_reentrant": False, "preserve_rng_state": False}
    if mode == "Selective":
        settings["context_fn"] = lambda: create_selective_checkpoint_contexts(_policy())  # type: ignore[no-untyped-call]
    model.gradient_checkpointing_enable(gradient_checkpointing_kwargs=settings)


def _policy() -> Callable[..., CheckpointPolicy]:
    """Return a policy that counts the products of one block."""
    seen = {"forward": 0, "recompute": 0}

    def decide(context: Any, operator: Any, *_args: Any, **_kwargs: Any) -> CheckpointPolicy:
        name = operator.name().split(".")[0] if hasattr(operator, "name") else str(operator)
        if name in DEAR:
            return CheckpointPolicy.MUST_SAVE
        if name in PRODUCTS:
            phase = "recompute" if context.is_recompute else "forward"
            seen[phase] += 1
            if seen[phase] % 2:
                return CheckpointPolicy.MUST_SAVE
        return CheckpointPolicy.PREFER_RECOMPUTE

    return decide
