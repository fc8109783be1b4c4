"""How far the rounds of a chain have moved from their root: `python -m ssd_jobs.commands.drift CONFIG FOUND`.

CONFIG names the models and the texts, FOUND is written. On the same texts, which the root wrote for report problems,
each model's distribution of the next token is compared with the root's, over the whole vocabulary: its entropy, and the
KL divergence of the model from the root, in nats per token. Two models are in memory at a time.
"""

import argparse
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from ssd_jobs import artifacts
from ssd_jobs.artifacts import tables
from ssd_jobs.commands.program import main_of
from ssd_jobs.contract.cells import DriftConfig, DriftFound, DriftRow
from ssd_jobs.errors import BadInput
from ssd_jobs.models import loading
from ssd_jobs.models.model_files import model_files

__all__ = ["main", "measure"]

COLUMNS = ["problem_id", "sample_index", "prompt_token_ids", "completion_token_ids", "error"]
CHUNK = 256
"""Positions whose full distributions exist at once."""

Text = tuple[list[int], list[int]]
"""The tokens of a prompt, and of what was written."""


def main(arguments: list[str]) -> str:
    """Measure every round."""
    parser = argparse.ArgumentParser(prog="python -m ssd_jobs.commands.drift", description=__doc__)
    parser.add_argument("config", type=Path, help="which models, on which texts")
    parser.add_argument("found", type=Path, help="the file to write")
    given = parser.parse_args(arguments)
    found = measure(DriftConfig.model_validate_json(given.config.read_text(encoding="utf-8")))
    given.found.write_text(found.model_dump_json(indent=1) + "\n", encoding="utf-8")
    return f"{len(found.rows)} models on {found.positions} positions"


def measure(config: DriftConfig) -> DriftFound:
    """Return entropy and divergence of the root and of every round."""
    workspace = Path(config.workspace)
    texts = list(_texts(workspace / config.generations))[: config.texts]
    if not texts:
        raise BadInput(f"{config.generations}: holds no text; run the first round again")
    root = _load(workspace / config.root, config)
    rows = [DriftRow(name="", entropy=_compared(root, root, texts)[0], divergence=0.0)]
    for each in config.rounds:
        model = _load(workspace / each.model, config)
        entropy, divergence = _compared(model, root, texts)
        rows.append(DriftRow(name=each.name, entropy=entropy, divergence=divergence))
    return DriftFound(texts=len(texts), positions=sum(len(completion) for _, completion in texts), rows=tuple(rows))


def _texts(generations: Path) -> Iterator[Text]:
    """Yield the first sample of every problem, in the order of their names."""
    rows = [
        row
        for shard in artifacts.open_shards(generations)
        for part in shard.samples_by_part(columns=COLUMNS)
        for row in tables.rows(part)
        if row["sample_index"] == 0 and not row["error"] and row["completion_token_ids"]
    ]
    for row in sorted(rows, key=lambda row: str(row["problem_id"])):
        yield row["prompt_token_ids"], row["completion_token_ids"]


def _load(path: Path, config: DriftConfig) -> Any:
    """Load a model for reading, on a GPU where there is one."""
    import torch

    found = model_files(path)
    found.verify()
    gpu = torch.cuda.is_available()
    dtype = torch.bfloat16 if gpu else torch.float32
    model = loading.load(found.directory, dtype=dtype, trust_remote_code=config.trust_remote_code)
    return model.to("cuda" if gpu else "cpu").eval()


def _compared(model: Any, root: Any, texts: list[Text]) -> tuple[float, float]:
    """Return the mean entropy of a model and its mean divergence from the root, over all positions."""
    import torch

    entropy = divergence = 0.0
    positions = 0
    with torch.no_grad():
        for prompt, completion in texts:
            states = [_states(each, prompt, completion) for each in (model, root)]
            for start in range(0, len(completion), CHUNK):
                rows = slice(start, start + CHUNK)
                ours, theirs = (
                    each.get_output_embeddings()(hidden[rows]).float().log_softmax(-1).double()
                    for each, hidden in zip((model, root), states, strict=True)
                )
                shares = ours.exp()
                entropy -= float((shares * ours).nan_to_num().sum())
                divergence += float((shares * (ours - theirs)).nan_to_num().sum())
            positions += len(completion)
    return entropy / positions, divergence / positions


def _states(model: Any, prompt: list[int], completion: list[int]) -> Any:
    """Return the hidden states from which each token of a completion is predicted."""
    import torch

    tokens = torch.tensor([[*prompt, *completion[:-1]]], device=model.device)
    return model.get_decoder()(input_ids=tokens, use_cache=False).last_hidden_state[0, len(prompt) - 1 :]


if __name__ == "__main__":
    sys.exit(main_of(main))
