"""The learning rate of every step."""

import math

__all__ = ["learning_rate"]


def learning_rate(step: int, *, steps: int, warmup: int, peak: float, minimum: float) -> float:
    """Return the rate of step 1 .. steps: linear warm-up to the peak, then a half cosine down to the minimum."""
    if step <= warmup:
        return peak * step / warmup
    progress = (step - warmup) / max(1, steps - warmup)
    return minimum + (peak - minimum) * 0.5 * (1.0 + math.cos(math.pi * progress))
