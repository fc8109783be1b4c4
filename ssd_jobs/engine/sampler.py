"""Requests in, completions out: the loop over a batch of sequences of a model that is loaded.

Draws are per request, so neither the batch nor a restart changes a sample. What a step draws is copied to the host
once; the host waits for the device there and nowhere else.
"""

import time
from collections import deque
from collections.abc import Collection, Mapping

import torch

from ssd_jobs.contract import Decode
from ssd_jobs.engine import Completion, PartialCompletion, Refused, Request, decoding, transfers
from ssd_jobs.engine.batches import Batch, Logits, Row

__all__ = ["Sampler"]

REFILL = 4
"""Refill when one row in so many is free: a prefill costs every running sequence a step."""


class Sampler:
    """Samples with one batch."""

    def __init__(self, batch: Batch, stops: Collection[int], *, longest: int) -> None:
        self.batch = batch
        self.window = 2 * batch.size
        self.tokens = 0
        self._stops = frozenset(stops)
        self._longest = longest
        self._waiting: deque[Row] = deque()
        self._decode: Decode | None = None

    def begin(self, decode: Decode) -> None:
        """Use this setting from now on."""
        self._decode = decode

    def submit(self, request: Request) -> None:
        """Queue a request."""
        tokens = len(request.prompt) + request.max_tokens
        if tokens > self._longest:
            raise Refused(f"it may have {tokens} tokens, and the engine was started for {self._longest}")
        self._waiting.append(Row(request, time.monotonic()))

    @torch.inference_mode()
    def step(self) -> list[Completion]:
        """Advance every sequence by a token, or prefill those for which there is room."""
        alive = sum(row is not None for row in self.batch.rows)
        free = self.batch.size - alive
        if self._waiting and (not alive or free * REFILL >= self.batch.size):
            return self._refill(free)
        return self._draw_for(self.batch.advance()) if alive else []

    def begun(self, known: Mapping[int, int]) -> dict[int, PartialCompletion]:
        """Return what has been drawn of these requests."""
        rows = {row.request.id: row for row in self.batch.rows if row is not None}
        return {
            number: PartialCompletion(
                rows[number].tokens[skipped:], rows[number].logprobs[skipped:], rows[number].entropy
            )
            for number, skipped in known.items()
            if number in rows and len(rows[number].tokens) > skipped
        }

    def _refill(self, free: int) -> list[Completion]:
        """Give waiting requests to the batch."""
        rows = [self._waiting.popleft() for _ in range(min(free, len(self._waiting)))]
        logits = self.batch.admit(rows)
        self.tokens += sum(row.length for row in rows)
        return self._draw_for(logits) if logits else []

    def _draw_for(self, logits: Logits) -> list[Completion]:
        """Draw a token for these rows and take out the sequences that end with it."""
        places = logits.places
        rows = [self.batch.rows[place] for place in places]
        numbers = decoding.uniforms(
            [row.request.seed if row else 0 for row in rows], [len(row.tokens) if row else 0 for row in rows]
        )
        drawn, found = self._draw(logits.values, transfers.to_device(numbers, logits.values.device))
        self.batch.last[places.start : places.stop] = drawn
        finished = []
        for place, row, token, logprob, entropy in zip(
            places, rows, map(int, found[0]), found[1], found[2], strict=True
        ):
            if row is None:
                continue
            row.tokens.append(token)
            row.logprobs.append(logprob)
            row.entropy += entropy
            self.tokens += 1
            if token in self._stops or len(row.tokens) >= row.request.max_tokens:
                finished.append(_finished(row, stopped=token in self._stops))
                self.batch.rows[place] = None
        return finished

    def _draw(self, logits: torch.Tensor, numbers: torch.Tensor) -> tuple[torch.Tensor, list[list[float]]]:
        """Return the tokens drawn, and on the host: tokens, their log-probabilities, entropies."""
        assert self._decode is not None
        raw = logits.float().log_softmax(-1)
        entropies = -(raw.exp() * raw).nan_to_num(0.0).sum(-1)
        if self._decode.top_k > 0 and self._decode.temperature > 0:
            drawn, sure = decoding.draw_among_best(logits, self._decode, numbers)
        else:
            drawn, sure = decoding.draw(logits, self._decode, numbers), torch.ones_like(entropies, dtype=torch.bool)
        *found, all_sure = transfers.to_host(torch.stack([*_drawn(drawn, raw, entropies), sure.double()]))
        if all(all_sure):
            return drawn, found
        drawn = decoding.draw(logits, self._decode, numbers)
        return drawn, transfers.to_host(torch.stack(_drawn(drawn, raw, entropies)))


def _drawn(tokens: torch.Tensor, raw: torch.Tensor, entropies: torch.Tensor) -> list[torch.Tensor]:
    """Return tokens, their log-probabilities and the entropies as one type of numbers."""
    return [tokens.double(), raw.gather(1, tokens[:, None]).squeeze(1).double(), entropies.double()]


def _finished(row: Row, *, stopped: bool) -> Completion:
    """Return the outcome of a row."""
    return Completion(
        id=row.request.id,
        token_ids=row.tokens,
        logprobs=row.logprobs,
        finish="stop" if stopped else "length",
        entropy=row.entropy / len(row.tokens),
        seconds=time.monotonic() - row.submitted,
        seeded=True,
    )
