"""Packs: several whole documents in one row without padding, each with its own positions.

The last token of a document predicts nothing, so it is a target and never an input.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import torch

from ssd_jobs.stages.train.attention import Documents
from ssd_jobs.stages.train.corpus import Corpus

__all__ = ["Pack", "arrange", "build", "empty"]


@dataclass(frozen=True)
class Pack:
    """One forward pass, on one device."""

    inputs: torch.Tensor
    """(1, tokens)"""
    positions: torch.Tensor
    """(1, tokens), from 0 in each document"""
    documents: Documents
    predictors: torch.Tensor
    """(loss tokens,): where in the row each loss token is predicted"""
    targets: torch.Tensor
    """(loss tokens,)"""
    weights: torch.Tensor
    """(loss tokens,): what each adds to the loss"""
    loss_lengths: tuple[int, ...]
    """Loss tokens of each document."""


def build(corpus: Corpus, records: Sequence[int], weights: Sequence[float], *, device: torch.device) -> Pack:
    """Lay out documents in this order; `weights` is per loss token of each document."""
    documents = [corpus.document(record) for record in records]
    return arrange(documents, [int(corpus.prompt_lengths[record]) for record in records], weights, device=device)


def arrange(
    documents: Sequence[np.typing.NDArray[np.int32]],
    prompt_lengths: Sequence[int],
    weights: Sequence[float],
    *,
    device: torch.device,
) -> Pack:
    """Lay out token sequences; tokens from `prompt_lengths` on carry loss."""
    lengths = [len(document) - 1 for document in documents]
    starts = np.concatenate([[0], np.cumsum(lengths)])
    loss_lengths = [len(document) - prompt for document, prompt in zip(documents, prompt_lengths, strict=True)]
    predictors = [
        np.arange(start + prompt - 1, start + length)
        for start, prompt, length in zip(starts, prompt_lengths, lengths, strict=False)
    ]
    targets = [document[prompt:] for document, prompt in zip(documents, prompt_lengths, strict=True)]
    return Pack(
        inputs=_tensor(np.concatenate([document[:-1] for document in documents]), device)[None],
        positions=_tensor(np.concatenate([np.arange(length) for length in lengths]), device)[None],
        documents=Documents.of(lengths, device=device),
        predictors=_tensor(np.concatenate(predictors), device),
        targets=_tensor(np.concatenate(targets), device),
        weights=torch.from_numpy(np.repeat(np.asarray(weights, dtype=np.float64), loss_lengths)).to(device),
        loss_lengths=tuple(loss_lengths),
    )


def empty(*, device: torch.device) -> Pack:
    """Return a pack that adds nothing: a rank without work still takes part in every collective."""
    return arrange([np.zeros(2, dtype=np.int32)], [1], [0.0], device=device)


def _tensor(values: np.typing.NDArray[np.integer], device: torch.device) -> torch.Tensor:
    """Move integers to the device without making the host wait."""
    tensor = torch.from_numpy(values.astype(np.int64, copy=False))
    return tensor.pin_memory().to(device, non_blocking=True) if device.type == "cuda" else tensor
