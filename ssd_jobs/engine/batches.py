"""What a batch is to the sampler: rows whose next logits it computes, however it holds their keys and values."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import NamedTuple, Protocol

import torch

from ssd_jobs.engine import Request

__all__ = ["Batch", "Logits", "Row"]


@dataclass
class Row:
    """A request in the batch, with what has been drawn for it."""

    request: Request
    submitted: float

    def __post_init__(self) -> None:
        self.tokens = list(self.request.beginning.token_ids)
        self.logprobs = list(self.request.beginning.logprobs)
        self.entropy = self.request.beginning.entropy

    @property
    def length(self) -> int:
        """Tokens of prompt and completion so far."""
        return len(self.request.prompt) + len(self.tokens)

    @property
    def text(self) -> list[int]:
        """Prompt and completion so far."""
        return [*self.request.prompt, *self.tokens]


class Logits(NamedTuple):
    """What follows the text of some rows."""

    values: torch.Tensor
    places: range
    """Which rows of the batch these are."""


class Batch(Protocol):
    """Sequences that a model continues together."""

    size: int
    """How many rows there can be."""
    rows: list[Row | None]
    """None where a sequence has ended; its place is still computed until the batch puts it to other use."""
    last: torch.Tensor
    """The newest token of every row, on the device."""

    def admit(self, rows: Sequence[Row]) -> Logits | None:
        """Take in more rows, no more than there is room for; their logits, or None where `advance` gives them."""

    def advance(self) -> Logits:
        """Run the newest token of the rows through the model."""
