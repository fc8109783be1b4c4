"""What the stages before the training left: the model, the pool with its overlaps, samples, and records."""

import json
from pathlib import Path
from typing import Any

from configs.report import KEY
from ssd_jobs import artifacts, contract
from ssd_jobs.artifacts import tables
from ssd_jobs.contract import files
from workspaces.tables import ROWS

COMMIT = "0123456789abcdef0123456789abcdef01234567"
GARBLED = "<b>≈≈</b> def \u202e }} lorem"
PROBLEMS = 40
ARTIFACTS = (
    contract.StageArtifact(stage="prepare", kind="prepare", path="models/base", sharded=False),
    contract.StageArtifact(stage="prepare", kind="prepare", path="problems/pool", sharded=False),
    contract.StageArtifact(stage="sample", kind="sample", path="samples/all", sharded=True),
    contract.StageArtifact(stage="curate", kind="curate", path="records/all", sharded=False),
)


def write(root: Path, *, without_code: int = 12, decontaminate: str = "Report") -> tuple[contract.StageArtifact, ...]:
    """Write forty problems, of which p00 to p04 overlap and p00 has no record, and a sample of each."""
    _model(root / "models/base")
    _pool(root / "problems/pool", decontaminate)
    _samples(files.shard(root / "samples/all", 0, 1), without_code)
    _records(root / "records/all", without_code)
    return ARTIFACTS


def finish(path: Path, stage: str, written: dict[str, str], **made: Any) -> None:
    """Write an artifact with these files."""
    whole = {"science": {}, "inputs": {}, "counts": {}, "facts": {}, "image": "worker:1", **made}
    with artifacts.Output(path=path, stage=stage, name=stage, key=KEY).claim() as draft:
        for name, text in written.items():
            draft.write_text(name, text)
        draft.finish(artifacts.Provenance(**whole))


def _lines(rows: list[dict[str, Any]]) -> str:
    return "".join(f"{json.dumps(row)}\n" for row in rows)


def _model(path: Path) -> None:
    facts = {"repo": "Qwen/Qwen3-4B-Instruct-2507", "revision": "main", "commit": COMMIT}
    finish(path, "prepare", {files.MODEL_CONFIG: "{}"}, facts=facts)


def _pool(path: Path, decontaminate: str) -> None:
    rows = [
        {"problem_id": f"p{number:02d}", "kept": number < 5, "benchmark": "lcb-v6", "sequences": 3}
        for number in range(9)
    ]
    counts = {"rows": 90, "unique": 80, "passed": 60, "unique_passed": 55, "candidates": 50, "kept": PROBLEMS}
    facts = {"correctness_signal": "only problems with is_passed were kept", "overlap_words": 13}
    science = {"decontaminate": decontaminate}
    finish(path, "prepare", {files.OVERLAPS: _lines(rows)}, counts=counts, facts=facts, science=science)


def _samples(path: Path, without_code: int) -> None:
    rows = [
        {
            **ROWS["samples"][0],
            "problem_id": f"p{number:02d}",
            "sample_index": 0,
            "text": f"{GARBLED} {number}" if number < without_code else "```python\nprint(1)\n```",
            "answer_start": 0,
        }
        for number in range(PROBLEMS)
    ]
    counts = {
        "samples": PROBLEMS, "errors": 0, "truncated": 4, "cut_while_thinking": 2, "completion_tokens": 9000,
        "code_block": PROBLEMS - without_code, "seconds": 20.0,
    }  # fmt: skip
    with artifacts.Output(path=path, stage="sample", name="sample", key=KEY, shard=0).claim() as draft:
        draft.write_table(files.part(0), tables.SAMPLES, tables.table(tables.SAMPLES, rows))
        made = artifacts.Provenance(science={}, inputs={}, counts=counts, facts={"gpus": 1}, image="worker:1")
        draft.finish(made)


def _records(path: Path, without_code: int) -> None:
    left = PROBLEMS - without_code
    rows = [{"problem_id": f"p{number:02d}", "samples": 1, "records": int(number > 0)} for number in range(PROBLEMS)]
    counts = {
        "samples": PROBLEMS, "records": PROBLEMS - 1, "removed_syntax": 1, "problems": PROBLEMS,
        "problems_left_empty": 1, "yield": (PROBLEMS - 1) / PROBLEMS, "epochs": 7.9, "unexercised": left, "exercised": PROBLEMS - 1 - left,
    }  # fmt: skip
    finish(path, "curate", {files.YIELDS: _lines(rows)}, counts=counts, facts={"filter": "Execution"})
