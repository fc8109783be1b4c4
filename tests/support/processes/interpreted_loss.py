"""The loss with its own kernel, which Triton's interpreter runs on the CPU: prints how far it is from torch's.

`TRITON_INTERPRET=1 python -m processes.interpreted_loss`
"""

import json

import torch

from ssd_jobs.stages.train import loss, loss_kernel

ROWS, SIZE, WORDS = 7, 16, 101
loss_kernel.BLOCK = 32  # several blocks per row, the last one not full


def _loss(*, fused: bool, grad: bool) -> list[torch.Tensor]:
    """Return loss, NLLs and, if asked for, gradients."""
    generator = torch.Generator().manual_seed(0)
    hidden, head = (torch.randn(n, SIZE, generator=generator, requires_grad=grad) for n in (ROWS, WORDS))
    targets = torch.randint(0, WORDS, (ROWS,), generator=generator)
    weights = torch.rand(ROWS, generator=generator, dtype=torch.float64)
    total, nll = loss.weighted_nll(hidden, head, targets, weights, rows=3, fused=fused)
    if not grad:
        return [total, nll]
    total.backward()  # type: ignore[no-untyped-call]  # torch has no type for it
    assert hidden.grad is not None
    assert head.grad is not None
    return [total, nll, hidden.grad, head.grad]


def _distance(*, grad: bool) -> float:
    pairs = zip(_loss(fused=True, grad=grad), _loss(fused=False, grad=grad), strict=True)
    return max(float((one.detach() - other.detach()).abs().max()) for one, other in pairs)


if __name__ == "__main__":
    print(json.dumps({"gradient": _distance(grad=True), "score": _distance(grad=False)}))
