"""The softmax of a chunk of logits on a GPU: one pass for the NLLs, one that turns the logits into their gradient.

Operations of torch would read and write the chunk, the largest matrix of a step, five times over.
"""

import torch
import triton
import triton.language as tl

__all__ = ["nll", "nll_and_gradient"]

BLOCK = 8192
"""Logits that one program holds at a time."""


@triton.jit  # type: ignore[untyped-decorator]
def _kernel(
    logits_pointer: tl.tensor,
    stride: tl.int64,
    targets_pointer: tl.tensor,
    nll_pointer: tl.tensor,
    vocabulary: tl.int32,
    gradient: tl.constexpr,
    block: tl.constexpr,
) -> None:
    """Treat one row: find its maximum and sum of exponentials, then write softmax - one_hot(target) over it."""
    row = tl.program_id(0).to(tl.int64)
    logits_pointer += row * stride
    target = tl.load(targets_pointer + row)
    columns = tl.arange(0, block)
    largest = tl.full((), float("-inf"), tl.float32)
    total = tl.zeros((), tl.float32)
    for start in range(0, vocabulary, block):
        inside = start + columns < vocabulary
        values = tl.load(logits_pointer + start + columns, mask=inside, other=float("-inf")).to(tl.float32)
        higher = tl.maximum(largest, tl.max(values, axis=0))
        total = total * tl.exp(largest - higher) + tl.sum(tl.exp(values - higher), axis=0)
        largest = higher
    chosen = tl.load(logits_pointer + target).to(tl.float32)
    tl.store(nll_pointer + row, largest + tl.log(total) - chosen)
    if gradient:
        for start in range(0, vocabulary, block):
            inside = start + columns < vocabulary
            values = tl.load(logits_pointer + start + columns, mask=inside, other=float("-inf")).to(tl.float32)
            slope = tl.exp(values - largest) / total - tl.where(start + columns == target, 1.0, 0.0)
            tl.store(logits_pointer + start + columns, slope.to(logits_pointer.dtype.element_ty), mask=inside)


def nll(logits: torch.Tensor, targets: torch.Tensor) -> torch.Tensor:
    """Return the NLL of each row's target, in float32."""
    return _run(logits, targets, gradient=False)


def nll_and_gradient(logits: torch.Tensor, targets: torch.Tensor) -> torch.Tensor:
    """Return the NLL of each row's target, in float32, and write its gradient over the logits."""
    return _run(logits, targets, gradient=True)


def _run(logits: torch.Tensor, targets: torch.Tensor, *, gradient: bool) -> torch.Tensor:
    """Start one program per row."""
    out = torch.empty(len(targets), dtype=torch.float32, device=logits.device)
    arguments = (logits, logits.stride(0), targets, out, logits.shape[1])
    _kernel[(len(targets),)](*arguments, gradient=gradient, block=BLOCK, num_warps=16)
    return out
