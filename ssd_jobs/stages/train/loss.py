"""The loss of a pack, without ever holding its logits.

Logits exist for one chunk of loss tokens at a time. Their gradient is computed right there, in the forward pass, so
that nothing is kept and nothing is computed twice; a pack of 32k tokens with a vocabulary of 150k would otherwise
need 20 GB for its float32 logits alone.
"""

from typing import Any

import torch
from torch.nn import functional

from ssd_jobs.contract import memory

__all__ = ["chunk_rows", "weighted_nll"]

GPU_ROWS = memory.LOSS_ROWS
"""Rows of a chunk on a GPU, whatever memory is free there, so that no result depends on it: each chunk reads and writes
the head's gradient once, and 2,048 rows of 152k logits are 1.2 GB in float32."""
CPU_ELEMENTS = 1 << 20
"""Logits of a chunk on a CPU: what its cache holds, since they are read several times."""
LEAST_ROWS = 256
"""A matrix product of fewer rows would read a large head more often than it computes with it."""
ADDS_WIDER = hasattr(torch.ops.aten.addmm, "dtype_out")
"""Whether this torch adds the product of two narrow matrices to a wide one, which it does on GPUs only."""


def chunk_rows(device_type: str, vocabulary: int) -> int:
    """Return how many loss tokens make a chunk, by nothing but the kind of device and the vocabulary."""
    return GPU_ROWS if device_type == "cuda" else max(LEAST_ROWS, CPU_ELEMENTS // vocabulary)


class WeightedNll(torch.autograd.Function):
    """Sum of weight * NLL over all rows, and every row's NLL."""

    @staticmethod
    def forward(
        ctx: Any,
        hidden: torch.Tensor,
        head: torch.Tensor,
        rows: int,
        fused: bool,
        targets: torch.Tensor,
        weights: torch.Tensor,
    ) -> tuple[torch.Tensor, torch.Tensor]:
        """Return loss and NLLs, and keep the gradients of hidden states and head, each computed in its chunk."""
        # n loss tokens, d hidden dimensions, v words: hidden (n, d), head (v, d), targets and weights (n,)
        wants_hidden, wants_head = ctx.needs_input_grad[:2]
        precise = torch.promote_types(hidden.dtype, torch.float32)
        column = weights[:, None].to(precise)  # (n, 1)
        weighted = (hidden * column).to(hidden.dtype) if wants_head else hidden
        nll = torch.empty(len(targets), dtype=precise, device=hidden.device)
        grad_hidden = torch.empty_like(hidden) if wants_hidden else None
        grad_head = torch.zeros_like(head, dtype=precise) if wants_head else None
        for start in range(0, len(targets), rows):
            chunk = slice(start, start + rows)
            # (rows, v): the only matrix of that size, overwritten by its own gradient
            logits = hidden[chunk] @ head.T
            if grad_hidden is None and grad_head is None:
                nll[chunk] = _nll(logits, targets[chunk], precise, fused=fused)
                continue
            # d nll / d logits = softmax - one_hot(target); weights are applied where rows are (rows, d), not (rows, v)
            nll[chunk], grad_logits = _nll_and_gradient(logits, targets[chunk], precise, fused=fused)
            if grad_hidden is not None:
                grad_hidden[chunk] = (grad_logits @ head) * column[chunk]
            if grad_head is not None:
                _add_product(grad_head, grad_logits.T, weighted[chunk])
        ctx.save_for_backward(grad_hidden, None if grad_head is None else grad_head.to(head.dtype))
        ctx.mark_non_differentiable(nll)
        return (nll * weights.to(precise)).sum(), nll

    @staticmethod
    def backward(ctx: Any, grad_loss: torch.Tensor, _grad_nll: torch.Tensor) -> tuple[torch.Tensor | None, ...]:
        """Scale the gradients that forward kept by the gradient of the loss."""
        grad_hidden, grad_head = ctx.saved_tensors
        return (
            None if grad_hidden is None else grad_hidden * grad_loss.to(grad_hidden.dtype),
            None if grad_head is None else grad_head * grad_loss.to(grad_head.dtype),
            None,
            None,
            None,
            None,
        )


def _nll(logits: torch.Tensor, targets: torch.Tensor, precise: torch.dtype, *, fused: bool) -> torch.Tensor:
    """Return the NLL of each row's target."""
    if fused:
        from ssd_jobs.stages.train import loss_kernel

        return loss_kernel.nll(logits, targets)
    return -functional.log_softmax(logits, dim=-1, dtype=precise).gather(1, targets[:, None]).squeeze(1)


def _nll_and_gradient(
    logits: torch.Tensor, targets: torch.Tensor, precise: torch.dtype, *, fused: bool
) -> tuple[torch.Tensor, torch.Tensor]:
    """Return the NLL of each row's target and its gradient by the logits, which are lost."""
    if fused:
        from ssd_jobs.stages.train import loss_kernel

        return loss_kernel.nll_and_gradient(logits, targets), logits
    log_probabilities = functional.log_softmax(logits, dim=-1, dtype=precise)
    nll = -log_probabilities.gather(1, targets[:, None]).squeeze(1)
    gradient = log_probabilities.exp_()
    gradient[torch.arange(len(gradient), device=gradient.device), targets] -= 1.0
    return nll, gradient.to(logits.dtype)


def _add_product(total: torch.Tensor, left: torch.Tensor, right: torch.Tensor) -> None:
    """Add a matrix product in the total's own precision, without a second matrix of its size where torch can."""
    if total.dtype == left.dtype:
        total.addmm_(left, right)
    elif total.is_cuda and ADDS_WIDER:
        torch.addmm(total, left, right, out_dtype=total.dtype, out=total)
    else:
        total += left @ right


def weighted_nll(
    hidden: torch.Tensor,
    head: torch.Tensor,
    targets: torch.Tensor,
    weights: torch.Tensor,
    *,
    rows: int = 0,
    fused: bool = False,
) -> tuple[torch.Tensor, torch.Tensor]:
    """Return sum(weight * NLL), which carries the gradient, and the NLL of every row of `hidden`.

    `rows` is how many make a chunk, 0 for what suits the device; `fused` takes our own kernel for the softmax.
    """
    if not torch.is_grad_enabled():
        hidden, head = hidden.detach(), head.detach()
    rows = rows or chunk_rows(hidden.device.type, head.shape[0])
    loss, nll = WeightedNll.apply(hidden, head, rows, fused, targets, weights)  # type: ignore[no-untyped-call]
    return loss, nll
