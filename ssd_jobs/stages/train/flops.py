"""How much useful work a step is, and how much of the device's peak that means.

Convention: 6 FLOPs per weight of a matrix product and token, the output head only for loss tokens, and
12 * layers * heads * head size * length^2 for the attention of each document, without a discount for causality.
Padding and recomputation count as nothing.
"""

import re
from collections.abc import Sequence

import torch

from ssd_jobs.stages.train.model import Trainee

__all__ = ["Work", "named_peak", "peak"]

PEAKS = (
    ("B200", 2250e12),
    ("GB200", 2250e12),
    ("H200 NVL", 835e12),
    ("H200", 989e12),
    ("H100 NVL", 835e12),
    ("H100 PCIe", 756e12),
    ("H100", 989e12),
    ("H800", 989e12),
    ("A100", 312e12),
    ("A800", 312e12),
    ("L40S", 362e12),
    ("L4", 121e12),
    ("A10", 125e12),
)
"""Dense bfloat16 peaks, by whole words of the device's name; the first match counts."""


def peak(device: torch.device) -> float | None:
    """Return the device's peak, None when it is not known."""
    return named_peak(torch.cuda.get_device_name(device)) if device.type == "cuda" else None


def named_peak(name: str) -> float | None:
    """Return the peak of a device by its name; an L40 is no L4, and an unknown one has none."""
    return next((value for words, value in PEAKS if re.search(rf"\b{words}\b", name)), None)


class Work:
    """The model's cost per token."""

    def __init__(self, trainee: Trainee) -> None:
        config = trainee.causal_lm.config
        embedding = config.vocab_size * config.hidden_size
        matrices = sum(w.numel() for w in trainee.named_weights().values() if w.ndim >= 2)
        tied = getattr(config, "tie_word_embeddings", False)
        experts = getattr(config, "num_local_experts", None) or getattr(config, "num_experts", None)
        body = matrices - embedding * (1 if tied else 2)
        if experts:
            active = config.num_experts_per_tok / experts
            inner = sum(w.numel() for name, w in trainee.named_weights().items() if "experts" in name and w.ndim >= 2)
            body -= int(inner * (1 - active))
        head_size = getattr(config, "head_dim", None) or config.hidden_size // config.num_attention_heads
        self._body = 6.0 * float(body)
        self._head = 6.0 * float(embedding)
        self._attention = 12.0 * float(config.num_hidden_layers * config.num_attention_heads * head_size)

    def flops(self, lengths: Sequence[int], loss_tokens: int) -> float:
        """Return the useful FLOPs of one step over documents of these lengths."""
        squares = float(sum(length * length for length in lengths))
        return self._body * sum(lengths) + self._head * loss_tokens + self._attention * squares
