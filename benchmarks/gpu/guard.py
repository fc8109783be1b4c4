"""Whether the trainer gives samples the probability that the engine recorded: the train stage's own step-0 guard.

The transformers engine samples a little here; what the part `vllm` has sampled is checked as well, where it is there.
"""

import gc
import json
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from benchmarks.gpu import part, train
from benchmarks.gpu.code_model import code_model
from benchmarks.gpu.vllm import RECORD
from ssd_jobs import artifacts, contract
from ssd_jobs.artifacts import tables
from ssd_jobs.errors import JobError

__all__ = ["measure"]

TOLERANCE = 0.02
"""In nats a token: the default of training.nllTolerance."""
BUDGET = 16_384


@dataclass(frozen=True)
class Sampled:
    """One sample, and the raw log-probability that its engine gave it."""

    prompt: list[int]
    completion: list[int]
    logprob_sum: float


def measure(of: part.Part) -> None:
    """Check what each engine recorded."""
    model = code_model(of)
    of.add("transformers", _checked(of, model, list(_sampled(of, model))))
    record = of.folder.parent / f"{RECORD}.json"
    if not record.exists():
        of.add("vllm", {"skipped": "the part vllm has sampled nothing here"})
        return
    found = json.loads(record.read_text())
    of.add("vllm", _checked(of, Path(found["model"]), list(_recorded(Path(found["samples"])))))


def _sampled(of: part.Part, model: Path) -> Iterator[Sampled]:
    """Sample a few completions with the transformers engine."""
    from ssd_jobs.engine import Request
    from ssd_jobs.engine.transformers_engine import TransformersEngine

    prompts, longest = (8, 48) if of.tiny else (64, 192)
    settings = contract.EngineConfig(name="Transformers", args={}, trust_remote_code=False)
    engine = TransformersEngine(model, settings, gpus=of.gpus, max_sequence_tokens=longest)
    engine.begin(contract.Decode(temperature=1.0, top_k=0, top_p=1.0))
    random = np.random.default_rng(0)
    asked = {}
    for number in range(prompts):
        prompt = random.integers(3, 500, int(random.integers(4, longest // 2))).tolist()
        asked[number] = prompt
        engine.submit(Request(id=number, prompt=prompt, max_tokens=longest - len(prompt), seed=number))
    done = 0
    while done < prompts:
        for completion in engine.step():
            done += 1
            yield Sampled(asked[completion.id], list(completion.token_ids), sum(completion.logprobs))


def _recorded(shard: Path) -> Iterator[Sampled]:
    """Return what the sample stage has stored."""
    columns = ["prompt_token_ids", "completion_token_ids", "logprob_sum", "finish_reason"]
    for name in sorted(shard.glob("*.parquet")):
        table = artifacts.open_artifact(shard).table(name.name, tables.SAMPLES, columns=columns)
        for row in table.to_pylist():
            if row["finish_reason"] in ("stop", "length"):
                yield Sampled(row["prompt_token_ids"], row["completion_token_ids"], row["logprob_sum"])


def _checked(of: part.Part, model_path: Path, samples: list[Sampled]) -> dict[str, Any]:
    """Return the guard's facts, or its sentence."""
    from ssd_jobs.stages.train import guard, model, nll, ranks

    gc.collect()
    data = _corpus(samples)
    config = train.TINY.config(of.folder, compute=of.compute, gpus=of.gpus)
    with ranks.alone(gpus=of.gpus) as place:
        trainee = model.load(model_path, model.ModelSettings.of(config), place)
        try:
            return guard.check(
                data,
                lambda documents: nll.nll(trainee, documents, place, budget=BUDGET),
                tolerance=TOLERANCE,
                vocabulary=trainee.causal_lm.config.vocab_size,
                budget=BUDGET,
            )
        except JobError as error:
            return {"guard": str(error)}


def _corpus(samples: list[Sampled]) -> Any:
    """Lay samples out as the train stage has them."""
    from ssd_jobs.stages.train.corpus import Corpus

    rows = [each.prompt + each.completion for each in samples]
    return Corpus(
        tokens=np.concatenate([np.asarray(row, dtype=np.int32) for row in rows]),
        starts=np.concatenate([[0], np.cumsum([len(row) for row in rows])]).astype(np.int64),
        prompt_lengths=np.asarray([len(each.prompt) for each in samples], dtype=np.int64),
        logprob_sums=np.asarray([each.logprob_sum for each in samples], dtype=np.float64),
        batches=(),
    )


if __name__ == "__main__":
    part.main(measure)
