"""The pack budget: how many tokens one forward and backward pass has room for.

It decides memory and speed and no result, since the loss is the same in any packing. What does not fit is known before
step 1, because the largest pack of the run is rehearsed; should memory run out later all the same, the next attempt
takes half, and never less than the longest document, which cannot be cut.
"""

import json
from dataclasses import dataclass
from pathlib import Path

from ssd_jobs.artifacts import atomic
from ssd_jobs.errors import BadInput, JobError, Temporary

__all__ = ["PackBudget"]

CHOSEN = 16_384
"""Tokens, where the spec leaves them to us; a longer document is a pack of its own."""
NAME = "pack-tokens.json"
REMEDY = "checkpoint more activations, use more GPUs, train adapters, or lower training.sequenceLength"


@dataclass(frozen=True)
class PackBudget:
    """The budget of one attempt, and where it says what the next one may have."""

    tokens: int
    longest: int
    """Tokens of the longest document."""
    place: Path

    @staticmethod
    def of(*, asked: int, longest: int, sequence_length: int, directory: Path) -> "PackBudget":
        """Return what is asked for or chosen, within what an earlier attempt found room for."""
        place = directory / NAME
        wanted = asked or min(sequence_length, CHOSEN)
        if place.exists():
            wanted = min(wanted, int(json.loads(place.read_text(encoding="utf-8"))["tokens"]))
        return PackBudget(max(longest, wanted), longest, place)

    def does_not_fit(self, largest: int) -> BadInput:
        """Return the error of a rehearsal for which the memory was too small."""
        smaller = self._smaller()
        sooner = f"set training.packTokens to {smaller} or less, or {REMEDY}" if smaller else REMEDY
        return BadInput(f"training.packTokens: a pack of {largest} tokens does not fit into the GPU's memory; {sooner}")

    def ran_out(self) -> JobError:
        """Return the error of a step for which the memory was too small, after writing down what to try next."""
        smaller = self._smaller()
        if not smaller:
            return BadInput(
                f"training.packTokens: the GPU's memory ran out with packs of {self.tokens} tokens, the length of the "
                f"longest document; {REMEDY}"
            )
        self.place.parent.mkdir(parents=True, exist_ok=True)
        atomic.write_text(self.place, json.dumps({"tokens": smaller}) + "\n")
        return Temporary(
            f"the GPU's memory ran out with packs of {self.tokens} tokens; the next attempt packs at most {smaller}"
        )

    def _smaller(self) -> int:
        """Return the budget to try next, 0 where there is none."""
        return max(self.longest, self.tokens // 2) if self.tokens > self.longest else 0
