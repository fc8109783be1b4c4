"""Workspaces and a scripted engine for the stages prepare, sample, generate and curate."""

import random
from collections import deque
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from configs.parts import key
from configs.prepare import prepare_config
from ssd_jobs import artifacts, contract
from ssd_jobs.artifacts import tables
from ssd_jobs.context import Context
from ssd_jobs.contract import files
from ssd_jobs.engine import Completion, PartialCompletion, Request
from ssd_jobs.progress.recorder import Progress
from ssd_jobs.stages.prepare import stage as prepare
from workspaces.provenance import EMPTY

STOP = 2
"""The toy tokenizer's end-of-sequence id."""


def context(workspace: Path, index: int = 0) -> Context:
    return Context(workspace=workspace, index=index, progress=Progress())


def toy_workspace(root: Path, *, limit: int) -> Path:
    """Prepare the toy model and some of its problems."""
    prepare.run(prepare_config(root, limit=limit), context(root))
    return root


def sample_row(problem_id: str, index: int = 0, **values: Any) -> dict[str, Any]:
    """Return one finished sample."""
    completion = values.pop("completion_token_ids", [7, 8, STOP])
    logprobs = values.pop("logprobs", [-0.5] * len(completion))
    return {
        "problem_id": problem_id,
        "sample_index": index,
        "attempt": 1,
        "prompt_token_ids": [1, 5],
        "completion_token_ids": completion,
        "text": "```python\nprint(1)\nprint(2)\n```",
        "answer_start": 0,
        "finish_reason": "stop",
        "stop_reason": str(STOP),
        "logprobs": logprobs,
        "logprob_sum": float(sum(logprobs)),
        "entropy_mean": 0.5,
        "seed": 1,
        "engine_seed": 2,
        "latency_s": 0.5,
        "error": "",
        **values,
    }


def write_samples(workspace: Path, *shards: list[dict[str, Any]]) -> None:
    """Write complete sample shards."""
    for number, rows in enumerate(shards):
        path = files.shard(workspace / "samples/run", number, len(shards))
        with artifacts.Output(path=path, stage="sample", name="sample", key=key("a"), shard=number).claim() as draft:
            draft.write_table(files.part(0), tables.SAMPLES, tables.table(tables.SAMPLES, rows))
            draft.finish(EMPTY)


class ScriptedEngine:
    """Finishes requests in a random order with lengths that only their seeds decide."""

    def __init__(self, *, window: int = 16, seed: int = 0) -> None:
        self.window = window
        self.facts: dict[str, Any] = {}
        self.tokens = 0
        self.most = 0
        self._random = random.Random(seed)
        self._queue: deque[Request] = deque()

    def begin(self, decode: contract.Decode) -> None:
        """Nothing may be in flight."""
        assert not self._queue

    def submit(self, request: Request) -> None:
        """Queue it."""
        self._queue.append(request)
        self.most = max(self.most, len(self._queue))

    def step(self) -> list[Completion]:
        """Finish one request."""
        if not self._queue:
            return []
        self._queue.rotate(self._random.randrange(len(self._queue)))
        request = self._queue.popleft()
        draw = random.Random(request.seed)
        length = min(request.max_tokens, int(draw.expovariate(0.1)) + 1)
        self.tokens += length
        stopped = length < request.max_tokens
        tokens = [draw.randrange(3, 90) for _ in range(length - 1)] + [STOP if stopped else 5]
        return [
            Completion(request.id, tokens, [-0.5] * length, "stop" if stopped else "length", 0.25, 0.1, seeded=True)
        ]

    def begun(self, known: Mapping[int, int]) -> dict[int, PartialCompletion]:
        """Nothing is known of a request before it has finished."""
        return {}
