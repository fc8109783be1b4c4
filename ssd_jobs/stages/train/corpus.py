"""What is trained on, and in which order: records and batches as flat arrays, checked once.

Every later step trusts these arrays, so whatever cannot be trained on is named here, with its file and row.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

import numpy as np
import numpy.typing as npt

from ssd_jobs.artifacts import Artifact, tables
from ssd_jobs.contract import files
from ssd_jobs.errors import BadInput

__all__ = ["Corpus", "load", "weights"]

Integers = npt.NDArray[np.int64]


@dataclass(frozen=True)
class Corpus:
    """All records, and the records of every optimizer step."""

    tokens: npt.NDArray[np.int32]
    starts: Integers
    """Where each record begins in `tokens`; one more entry for the end."""
    prompt_lengths: Integers
    logprob_sums: npt.NDArray[np.float64]
    batches: tuple[tuple[int, ...], ...]
    """Step 1 is the first."""

    @property
    def lengths(self) -> Integers:
        """Tokens of each record."""
        return np.diff(self.starts)

    @property
    def loss_lengths(self) -> Integers:
        """Tokens of each record that carry loss."""
        return self.lengths - self.prompt_lengths

    def document(self, record: int) -> npt.NDArray[np.int32]:
        """Return the tokens of one record."""
        return self.tokens[self.starts[record] : self.starts[record + 1]]


def load(records: Artifact, *, steps: int, global_batch_size: int, sequence_length: int) -> Corpus:
    """Read the records and batches that curate wrote, for exactly this recipe."""
    data = records.table(files.RECORDS, tables.RECORDS)
    column = data["token_ids"].combine_chunks()
    corpus = Corpus(
        tokens=column.flatten().to_numpy(zero_copy_only=False),
        starts=np.concatenate([[0], np.cumsum(column.value_lengths().to_numpy(zero_copy_only=False))]).astype(np.int64),
        prompt_lengths=data["prompt_length"].to_numpy().astype(np.int64),
        logprob_sums=data["logprob_sum"].to_numpy(),
        batches=_batches(records, steps=steps, global_batch_size=global_batch_size, count=data.num_rows),
    )
    _check(corpus, records.path / files.RECORDS, sequence_length)
    return corpus


def weights(corpus: Corpus, batch: Sequence[int], weighting: Literal["Token", "Sequence"]) -> list[float]:
    """Return what one loss token of each document of a batch weighs; the weights of all loss tokens add up to 1.

    Token: every loss token of the global batch counts the same. Sequence: every document does.
    """
    counts = corpus.loss_lengths[list(batch)]
    if weighting == "Token":
        return [1.0 / float(counts.sum())] * len(batch)
    return [1.0 / (len(batch) * float(count)) for count in counts]


def _batches(records: Artifact, *, steps: int, global_batch_size: int, count: int) -> tuple[tuple[int, ...], ...]:
    """Return the plan of every step; a plan for another recipe is refused."""
    path = records.path / files.BATCHES
    data = records.table(files.BATCHES, tables.BATCHES)
    if data["step"].to_pylist() != list(range(1, steps + 1)):
        raise BadInput(f"{path}: does not plan the steps 1 to {steps}; run curate again with this recipe")
    batches = tuple(tuple(batch) for batch in data["record_ids"].to_pylist())
    for step, batch in enumerate(batches, start=1):
        if len(batch) != global_batch_size:
            raise BadInput(f"{path}: step {step} has {len(batch)} records, not {global_batch_size}; run curate again")
        if not all(0 <= record < count for record in batch):
            raise BadInput(f"{path}: step {step} names a record that is not there; run curate again")
    return batches


def _check(corpus: Corpus, path: Path, sequence_length: int) -> None:
    """Refuse records that no loss can be computed for, or that do not fit."""
    if not corpus.starts[-1]:
        raise BadInput(f"{path}: has no records to train on; look at what the filter removed")
    problems = {
        "has no prompt token before its first loss token": corpus.prompt_lengths < 1,
        "has no loss token after its prompt": corpus.loss_lengths < 1,
        f"is longer than sequenceLength {sequence_length}": corpus.lengths > sequence_length,
    }
    for problem, rows in problems.items():
        if rows.any():
            raise BadInput(f"{path}: record {int(rows.argmax())} {problem}; run curate again")
