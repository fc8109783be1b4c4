"""A model's next-token distributions at stored contexts, never more than a chunk of them at a time."""

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import torch

from ssd_jobs.contract import AnalyzeScience
from ssd_jobs.models import loading
from ssd_jobs.stages.analyze.contexts import StoredContext
from ssd_jobs.stages.analyze.statistics import RANKS, Arm, measure

__all__ = ["arm"]

CHUNK = 256
"""Positions whose full distribution exists at once."""


@torch.no_grad()
def arm(
    path: Path, contexts: Sequence[StoredContext], science: AnalyzeScience, *, gpus: int, on_context: Callable[[], None]
) -> Arm:
    """Evaluate one model at every position of every context's completion."""
    model = _load(path, gpus=gpus, trust_remote_code=science.trust_remote_code)
    parts = []
    for context in contexts:
        tokens = torch.tensor([context.tokens[:-1]], device=model.device)
        hidden = model.get_decoder()(input_ids=tokens, use_cache=False).last_hidden_state[
            0, context.prompt_length - 1 :
        ]
        parts += [_arm_of(model, part, science) for part in hidden.split(CHUNK)]
        on_context()
    return Arm.join(parts)


def _load(path: Path, *, gpus: int, trust_remote_code: bool) -> Any:
    """Load a model for reading."""
    dtype = torch.bfloat16 if gpus else torch.float32
    model = loading.load(path, dtype=dtype, trust_remote_code=trust_remote_code)
    return model.to("cuda" if gpus else "cpu").eval()


def _arm_of(model: Any, hidden: torch.Tensor, science: AnalyzeScience) -> Arm:
    """Return what is measured of the distributions at some positions; they are too large to be kept."""
    logprobs = model.get_output_embeddings()(hidden).float().log_softmax(-1)
    entropy = -(logprobs.exp() * logprobs).nan_to_num().sum(-1)
    width = max(RANKS, science.decode.top_k) if science.decode.top_k else logprobs.shape[-1]
    likeliest = logprobs.topk(min(width, logprobs.shape[-1]), dim=-1).values
    return measure(
        likeliest.double().cpu().numpy(), entropy.double().cpu().numpy(), science.decode, science.temperatures
    )
