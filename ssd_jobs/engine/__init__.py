"""Engines, which turn prompts into sampled tokens: vLLM and transformers behind one small protocol.

The caller keeps about `window` requests in flight and calls `step` until all have come back; batching is the
engine's own business. Every engine realises a decode setting in the same order (temperature, then top-k, then
top-p inside the top-k survivors), returns raw log-probabilities, ends at the same stop tokens and includes the
stop token in what it returns. Every engine can say what it has sampled of a request so far, and go on from there.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Literal, Protocol

from pydantic import JsonValue

from ssd_jobs.contract import Decode

__all__ = ["NO_TOKENS", "Completion", "Engine", "PartialCompletion", "Refused", "Request"]


class Refused(Exception):
    """The engine does not take this one request; others are not affected."""


@dataclass(frozen=True, slots=True)
class PartialCompletion:
    """Consecutive tokens of a completion that is not finished."""

    token_ids: Sequence[int] = ()
    logprobs: Sequence[float] = ()
    entropy: float = 0.0
    """Their sum in nats, from the completion's first token on; NaN where the engine gives none."""


NO_TOKENS = PartialCompletion()


@dataclass(frozen=True, slots=True)
class Request:
    """One sample to draw."""

    id: int
    prompt: Sequence[int]
    max_tokens: int
    """Of the whole completion, its beginning included."""
    seed: int
    """The request's own seed, for engines that draw per request."""
    beginning: PartialCompletion = NO_TOKENS
    """What an earlier engine sampled; the completion starts with it."""


@dataclass(frozen=True, slots=True)
class Completion:
    """What came back for one request."""

    id: int
    token_ids: Sequence[int]
    """With the stop token at the end when `finish` is `stop`."""
    logprobs: Sequence[float]
    """Of the distribution at temperature 1 without truncation."""
    finish: Literal["stop", "length"]
    entropy: float
    """Mean over the tokens in nats, NaN where the engine gives none."""
    seconds: float
    seeded: bool
    """True when the request's own seed decided the draw."""


class Engine(Protocol):
    """A loaded model that samples."""

    window: int
    """Requests in flight that keep it busy."""
    facts: dict[str, JsonValue]
    """The settings that were in effect, for the record."""

    @property
    def tokens(self) -> int:
        """Tokens processed so far; a hung engine stands still here."""

    def begin(self, decode: Decode) -> None:
        """Use this setting for the requests that follow; nothing is in flight."""

    def submit(self, request: Request) -> None:
        """Queue a request, or raise `Refused`."""

    def step(self) -> list[Completion]:
        """Advance the requests in flight and return the completions that have finished, possibly none."""

    def begun(self, known: Mapping[int, int]) -> dict[int, PartialCompletion]:
        """Return what each request in flight, all of them named, has beyond so many tokens, if it has any."""
