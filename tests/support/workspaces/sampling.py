"""Workspaces, configs and a scripted engine for the stages prepare, sample, generate and curate."""

import json
import random
from collections import deque
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from ssd_jobs import artifacts, contract
from ssd_jobs.artifacts import tables
from ssd_jobs.context import Context
from ssd_jobs.contract import files
from ssd_jobs.engine import Beginning, Completion, Request
from ssd_jobs.progress.recorder import Progress
from ssd_jobs.stages.prepare import stage as prepare
from ssd_jobs.toy import base_model

CHAT = {"prompt_mode": "Chat", "chat_template_args": {}, "template": files.builtin_template("instruct")}
OWN = {
    "id": "id",
    "statement": "statement",
    "starter_code": "starterCode",
    "difficulty": "difficulty",
    "tests": "tests",
    "sample_inputs": "sampleInputs",
}
EXECUTION = {"metrics_port": 0, "image": ""}
SHARDED = {**EXECUTION, "gpus": 0, "max_error_fraction": 0.0, "hang_timeout_s": 3600.0}
TOY = {"kind": "builtin", "name": "toy"}
STOP = 2
"""The toy tokenizer's end-of-sequence id."""


def key(letter: str) -> str:
    return letter * 64


def context(workspace: Path, index: int = 0) -> Context:
    return Context(workspace=workspace, index=index, progress=Progress())


def loaded(document: dict[str, Any]) -> Any:
    return contract.loads(json.dumps(document), source="test")


def prepare_config(
    workspace: Path,
    *,
    model: dict[str, Any] | None = None,
    prompts: dict[str, Any] | None = None,
    benchmarks: dict[str, dict[str, Any]] | None = None,
    rendering: dict[str, Any] | None = None,
    offline: bool = True,
    tracking_uri: str = "",
    adapters: list[str] | None = None,
    **science: Any,
) -> Any:
    """Return a prepare config; everything is the toy unless said otherwise."""
    rendering = {**CHAT, **(rendering or {})}
    return loaded(
        {
            "version": 1,
            "stage": "prepare",
            "name": "prepare",
            "key": key("0"),
            "workspace": str(workspace),
            "model": {
                "key": key("1"),
                "output": "models/base",
                "science": {
                    "source": model or {"kind": "path", "path": str(base_model.directory())},
                    "trust_remote_code": False,
                },
            },
            "prompts": {
                "key": key("2"),
                "output": "problems/pool",
                "science": {
                    "source": prompts or TOY,
                    "rendering": rendering,
                    "deduplicate": True,
                    "require_passed_column": "",
                    "limit": 0,
                    "decontaminate": "Report",
                    **science,
                },
            },
            "benchmarks": [
                {
                    "name": name,
                    "key": key(f"{number:x}"),
                    "output": f"problems/{name}",
                    "tests_output": f"tests/{name}",
                    "science": {"source": source, "rendering": rendering},
                }
                for number, (name, source) in enumerate((benchmarks or {}).items(), start=3)
            ],
            "adapters": adapters,
            "output": "problems/prepare",
            "execution": {**EXECUTION, "offline": offline, "tracking_uri": tracking_uri},
        }
    )


def sample_config(
    workspace: Path, *, output: str = "samples/run", execution: dict[str, Any] | None = None, **science: Any
) -> Any:
    """Return a sample config on a prepared workspace."""
    return loaded(
        {
            "version": 1,
            "stage": "sample",
            "name": "sample",
            "key": key("a"),
            "workspace": str(workspace),
            "science": {
                "decode": {"temperature": 1.2, "top_k": 20, "top_p": 0.8},
                "samples_per_prompt": 1,
                "max_sequence_tokens": 128,
                "seed": 0,
                "engine": {"name": "Transformers", "args": {}, "trust_remote_code": False},
                "shards": 1,
                **science,
            },
            "model": "models/base",
            "prompts": "problems/pool",
            "output": output,
            "execution": {**SHARDED, **(execution or {})},
        }
    )


def curate_config(workspace: Path, *, shards: int = 1, **science: Any) -> Any:
    """Return a curate config for the samples of `sample_config`."""
    return loaded(
        {
            "version": 1,
            "stage": "curate",
            "name": "curate",
            "key": key("c"),
            "workspace": str(workspace),
            "science": {
                "filter": "None",
                "shortest_percent": 10.0,
                "truncated": "Keep",
                "overlong": "Truncate",
                "sequence_length": 128,
                "steps": 4,
                "global_batch_size": 8,
                "seed": 0,
                "limits": contract.LIMITS.model_dump() if science.get("filter") == "Execution" else None,
                **science,
            },
            "samples": "samples/run",
            "sample_shards": shards,
            "prompts": "problems/pool",
            "model": "models/base",
            "output": "records/run",
            "execution": {**EXECUTION, "sandbox_socket": "", "allow_weak_isolation": True, "workers": 1},
        }
    )


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
        path = files.shard(workspace / "samples/run", number)
        with artifacts.claim(path, stage="sample", name="sample", key=key("a"), shard=number) as draft:
            draft.write_table(files.part(0), tables.SAMPLES, tables.table(tables.SAMPLES, rows))
            draft.finish(science={}, inputs={}, counts={}, facts={}, image="")


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
        finish = "stop" if stopped else "length"
        return [Completion(request.id, tokens, [-0.5] * length, finish, 0.25, 0.1, seeded=True)]

    def begun(self, known: Mapping[int, int]) -> dict[int, Beginning]:
        """Nothing is known of a request before it has finished."""
        return {}
