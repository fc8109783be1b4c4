"""A tiny valid instance of every table, from which each stage can be tested alone."""

from typing import Any

import pyarrow as pa
import pytest

from ssd_jobs.artifacts import tables

PROMPT = [1, 5, 6]
COMPLETION = [7, 8, 2]

ROWS: dict[str, list[dict[str, Any]]] = {
    "problems": [
        {
            "problem_id": "double",
            "statement": "Print twice the number that you read.",
            "starter_code": "",
            "kind": "stdin",
            "entry_point": "",
            "difficulty": "easy",
            "date": "2025-02-01",
            "sample_inputs": ["3\n"],
        },
        {
            "problem_id": "add",
            "statement": "Return the sum of two numbers.",
            "starter_code": "def add(a, b):\n",
            "kind": "functional",
            "entry_point": "add",
            "difficulty": "hard",
            "date": "",
            "sample_inputs": [],
        },
    ],
    "tests": [
        {"problem_id": "double", "test_index": 0, "input": "3\n", "output": "6\n", "public": True},
        {"problem_id": "double", "test_index": 1, "input": "-1\n", "output": "-2\n", "public": False},
        {"problem_id": "add", "test_index": 0, "input": "[1, 2]", "output": "3", "public": False},
    ],
    "checks": [
        {
            "problem_id": "add",
            "entry_point": "add",
            "reference": "def add(a, b):\n    return a + b\n",
            "check": "def check(candidate):\n    assert candidate(1, 2) < 4\n",
        },
    ],
    "calls": [{"problem_id": "add", "call_index": 0, "arguments": '[[1, 2], {"dict": []}]'}],
    "prompts": [
        {"problem_id": "double", "text": "Print twice", "token_ids": PROMPT},
        {"problem_id": "add", "text": "Return the sum", "token_ids": [1, 5]},
    ],
    "samples": [
        {
            "problem_id": "double",
            "sample_index": 0,
            "attempt": 1,
            "prompt_token_ids": PROMPT,
            "completion_token_ids": COMPLETION,
            "text": "```python\nprint(2 * int(input()))\n```",
            "answer_start": 0,
            "finish_reason": "stop",
            "stop_reason": "2",
            "logprobs": [-0.5, -0.25, -0.125],
            "logprob_sum": -0.875,
            "entropy_mean": 0.5,
            "seed": -1,
            "engine_seed": 0,
            "latency_s": 0.1,
            "error": "",
        }
    ],
    "records": [
        {
            "record_id": 0,
            "problem_id": "double",
            "sample_index": 0,
            "token_ids": PROMPT + COMPLETION,
            "prompt_length": len(PROMPT),
            "finished": True,
            "logprob_sum": -0.875,
        }
    ],
    "lengths": [{"record_id": 0, "tokens": len(PROMPT + COMPLETION), "loss_tokens": len(COMPLETION)}],
    "removed": [{"problem_id": "add", "sample_index": 0, "reason": "stub"}],
    "batches": [{"step": 1, "record_ids": [0, 0]}],
    "verdicts": [
        {
            "problem_id": "double",
            "sample_index": 0,
            "difficulty": "easy",
            "verdict": "pass",
            "reason": "",
            "failed_test": -1,
            "tests_run": 2,
            "tests_total": 2,
            "cpu_s": 0.01,
            "wall_s": 0.02,
            "rerun": False,
            "truncated": False,
            "completion_tokens": 3,
            "code_sha256": "0" * 64,
            "normal_sha256": "0" * 64,
        }
    ],
    "metrics": [{"step": 1, "key": "loss", "value": 1.5, "time_ms": 1}],
}


SCHEMAS: dict[str, pa.Schema] = {
    schema.metadata[b"ssd.table"].decode(): schema for schema in vars(tables).values() if isinstance(schema, pa.Schema)
}
"""Every table, by its name."""


@pytest.fixture
def tiny_tables() -> dict[str, pa.Table]:
    """One valid table per schema, by name."""
    return {name: tables.table(SCHEMAS[name], rows) for name, rows in ROWS.items()}
