"""A model's next-token distributions at chosen positions, never more than a chunk of them at a time."""

from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import torch

from ssd_jobs.contract import AnalyzeScience
from ssd_jobs.models import loading
from ssd_jobs.stages.analyze import target
from ssd_jobs.stages.analyze.contexts import StoredContext
from ssd_jobs.stages.analyze.measurement import RANKS, Arm, followed, measure
from ssd_jobs.stages.analyze.target import Aim

__all__ = ["measured"]

CHUNK = 256
"""Positions whose full distribution exists at once."""


def measured(
    path: Path,
    contexts: Sequence[StoredContext],
    science: AnalyzeScience,
    *,
    gpus: int,
    targets: Sequence[Aim] | None,
) -> Iterator[tuple[Arm, Aim]]:
    """Yield what one model makes of each context, and the target there: without `targets` the model is the base."""
    model = _load(path, gpus=gpus, trust_remote_code=science.trust_remote_code)
    for number, context in enumerate(contexts):
        yield _of_context(model, context, science, targets[number] if targets is not None else None)


def _load(path: Path, *, gpus: int, trust_remote_code: bool) -> Any:
    """Load a model for reading."""
    dtype = torch.bfloat16 if gpus else torch.float32
    model = loading.load(path, dtype=dtype, trust_remote_code=trust_remote_code)
    return model.to("cuda" if gpus else "cpu").eval()


@torch.no_grad()
def _of_context(model: Any, context: StoredContext, science: AnalyzeScience, known: Aim | None) -> tuple[Arm, Aim]:
    """Return what is measured at the chosen positions of a context; what follows the last one is not read."""
    read = context.completion[: context.offsets[-1]]
    tokens = torch.from_numpy(np.concatenate([context.prompt, read]).astype(np.int64)).to(model.device)
    hidden = model.get_decoder()(input_ids=tokens[None], use_cache=False).last_hidden_state[0]
    places = torch.from_numpy(context.offsets + len(context.prompt) - 1).to(model.device)
    following = torch.from_numpy(context.completion[context.offsets].astype(np.int64)).to(model.device)
    hidden = hidden[places]
    found = []
    for start in range(0, len(places), CHUNK):
        rows = slice(start, start + CHUNK)
        logits = model.get_output_embeddings()(hidden[rows]).float()
        goal = target.of(logits, science.sampling) if known is None else known.part(rows)
        found.append((_of_positions(logits, following[rows], goal, science), goal))
    return Arm.join([arm for arm, _ in found]), Aim.join([goal for _, goal in found])


def _of_positions(logits: torch.Tensor, following: torch.Tensor, goal: Aim, science: AnalyzeScience) -> Arm:
    """Return what is measured of the distributions at some positions; they are too large to be kept."""
    logprobs = logits.log_softmax(-1)
    entropy = -(logprobs.exp() * logprobs).nan_to_num().sum(-1)
    wanted = science.truncation
    width = logprobs.shape[-1] if wanted and not wanted.top_k else max(RANKS, wanted.top_k if wanted else 0)
    likeliest = logprobs.topk(min(width, logprobs.shape[-1]), dim=-1).values
    return measure(
        likeliest.double(),
        entropy=entropy.double().cpu().numpy(),
        followed=followed(logprobs, following, goal, temperatures=science.temperatures),
        distance=target.distance(logprobs, goal),
        truncation=wanted,
        temperatures=science.temperatures,
    )
