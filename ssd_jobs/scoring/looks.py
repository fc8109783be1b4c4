"""The confidence of each look: the more candidates were compared on the same problems, the surer a gain must be.

A look is one candidate of one registered model at one window of a benchmark. Twenty looks at 95 % each would promote an
unchanged model in 40 % of cases; with the square of the look's number all looks together, however many, promote one at
most 1.64 times (the sum of 1/n², π²/6) as often as the first alone.
"""

__all__ = ["confidence_at"]


def confidence_at(confidence: float, look: int) -> float:
    """Return 1 - (1 - confidence) / look²: the confidence that a gain needs at this look, the first being number 1."""
    if look < 1:
        raise ValueError(f"look {look}: the first one is number 1")
    return 1 - (1 - confidence) / look**2
