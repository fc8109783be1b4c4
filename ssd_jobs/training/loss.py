"""The loss of a pack, without ever holding its logits.

Logits exist for one chunk of loss tokens at a time. Their gradient is computed right there, in the forward pass, so
that nothing is kept and nothing is computed twice; a pack of 32k tokens with a vocabulary of 150k would otherwise
need 20 GB for its float32 logits alone.
"""

from typing import Any

import torch
from torch.nn import functional

__all__ = ["CHUNK_ELEMENTS", "weighted_nll"]

CHUNK_ELEMENTS = 1 << 25
"""Logits per chunk: 128 MiB in float32."""


class WeightedNll(torch.autograd.Function):
    """Sum of weight * NLL over all rows, and every row's NLL."""

    @staticmethod
    def forward(
        ctx: Any, hidden: torch.Tensor, head: torch.Tensor, rows: int, targets: torch.Tensor, weights: torch.Tensor
    ) -> tuple[torch.Tensor, torch.Tensor]:
        """Go through the chunks once; keep the gradients of hidden states and head."""
        wants_hidden, wants_head = ctx.needs_input_grad[:2]
        precise = torch.promote_types(hidden.dtype, torch.float32)
        nll = torch.empty(len(targets), dtype=precise, device=hidden.device)
        grad_hidden = torch.empty_like(hidden) if wants_hidden else None
        grad_head = torch.zeros_like(head, dtype=precise) if wants_head else None
        for start in range(0, len(targets), rows):
            chunk = slice(start, start + rows)
            log_probabilities = functional.log_softmax(hidden[chunk] @ head.T, dim=-1, dtype=precise)
            nll[chunk] = -log_probabilities.gather(1, targets[chunk, None]).squeeze(1)
            if grad_hidden is None and grad_head is None:
                continue
            grad_logits = log_probabilities.exp_()
            grad_logits[torch.arange(len(grad_logits), device=hidden.device), targets[chunk]] -= 1.0
            grad_logits *= weights[chunk, None].to(precise)
            grad_logits = grad_logits.to(hidden.dtype)
            if grad_hidden is not None:
                grad_hidden[chunk] = grad_logits @ head
            if grad_head is not None:
                grad_head += grad_logits.T @ hidden[chunk]
        ctx.save_for_backward(grad_hidden, None if grad_head is None else grad_head.to(head.dtype))
        ctx.mark_non_differentiable(nll)
        return (nll * weights.to(precise)).sum(), nll

    @staticmethod
    def backward(ctx: Any, grad_loss: torch.Tensor, _grad_nll: torch.Tensor) -> tuple[torch.Tensor | None, ...]:
        """Scale what forward kept."""
        grad_hidden, grad_head = ctx.saved_tensors
        return (
            None if grad_hidden is None else grad_hidden * grad_loss.to(grad_hidden.dtype),
            None if grad_head is None else grad_head * grad_loss.to(grad_head.dtype),
            None,
            None,
            None,
        )


def weighted_nll(
    hidden: torch.Tensor,
    head: torch.Tensor,
    targets: torch.Tensor,
    weights: torch.Tensor,
    *,
    elements: int = CHUNK_ELEMENTS,
) -> tuple[torch.Tensor, torch.Tensor]:
    """Return sum(weight * NLL), which carries the gradient, and the NLL of every row of `hidden`."""
    if not torch.is_grad_enabled():
        hidden, head = hidden.detach(), head.detach()
    rows = max(1, elements // head.shape[0])
    loss, nll = WeightedNll.apply(hidden, head, rows, targets, weights)  # type: ignore[no-untyped-call]
    return loss, nll
