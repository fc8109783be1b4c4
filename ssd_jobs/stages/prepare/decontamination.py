"""Overlap between training problems and benchmarks: shared sequences of 13 words.

Words are runs of letters and digits in lower case. A statement shorter than 13 words counts as one sequence. The
index keeps 64-bit hashes of the benchmarks' sequences; a statement is looked up in a few vectorised steps, since
a pool may hold hundreds of thousands of them.
"""

import re
from collections.abc import Mapping, Sequence

import numpy as np
import numpy.typing as npt

__all__ = ["WORDS", "Index"]

WORDS = 13
WORD = re.compile(r"[^\W_]+")
FACTOR = np.uint64(0x9E3779B97F4A7C15)

Hashes = npt.NDArray[np.uint64]
EMPTY: Hashes = np.empty(0, np.uint64)


class Index:
    """The sequences of some benchmarks."""

    def __init__(self, benchmarks: Mapping[str, Sequence[str]]) -> None:
        self._vocabulary: dict[str, int] = {}
        self._powers = FACTOR ** np.arange(WORDS, dtype=np.uint64)
        self._known = {
            name: np.unique(np.concatenate([EMPTY, *(self._hashes(text, grow=True) for text in texts)]))
            for name, texts in benchmarks.items()
        }

    def overlaps(self, statement: str) -> dict[str, int]:
        """Return benchmark -> number of sequences that it shares with a statement, where there are any."""
        hashes = self._hashes(statement, grow=False)
        found = {name: int(np.isin(hashes, known).sum()) for name, known in self._known.items()} if len(hashes) else {}
        return {name: count for name, count in found.items() if count}

    def _hashes(self, statement: str, *, grow: bool) -> Hashes:
        """Return a hash per sequence; those with a word that no benchmark has are left out."""
        words = WORD.findall(statement.lower())
        if grow:
            numbers = [self._vocabulary.setdefault(word, len(self._vocabulary) + 1) for word in words]
        else:
            numbers = [self._vocabulary.get(word, 0) for word in words]
        if not numbers:
            return EMPTY
        padded = np.array(numbers + [0] * max(0, WORDS - len(numbers)), dtype=np.uint64)
        windows = np.lib.stride_tricks.sliding_window_view(padded, WORDS)
        shown = windows[:, : len(numbers)] if len(numbers) < WORDS else windows
        known = (shown != 0).all(axis=1)
        mixed = windows[known] * FACTOR
        hashes: Hashes = ((mixed ^ (mixed >> np.uint64(29))) * self._powers).sum(axis=1, dtype=np.uint64)
        return hashes
