"""Verdicts on a few problems, as grade leaves them, with as many right samples as a test says."""

from collections.abc import Sequence
from pathlib import Path

from configs.parts import key
from ssd_jobs import artifacts
from ssd_jobs.artifacts import tables
from ssd_jobs.contract import files
from workspaces.tables import ROWS


def write(path: Path, right: Sequence[int], *, samples: int) -> None:
    """Write one shard: of the samples of problem n, the first `right[n]` pass."""
    rows = [
        {
            **ROWS["verdicts"][0],
            "problem_id": f"p{problem:03d}",
            "sample_index": sample,
            "difficulty": "easy",
            "verdict": "pass" if sample < count else "wrong",
        }
        for problem, count in enumerate(right)
        for sample in range(samples)
    ]
    shard = artifacts.Output(path=files.shard(path, 0, 1), stage="grade", name="grade", key=key("e"), shard=0)
    with shard.claim() as draft:
        draft.clear()
        draft.write_table(files.VERDICTS, tables.VERDICTS, tables.table(tables.VERDICTS, rows))
        facts = {"canaries": "passed"}
        draft.finish(artifacts.Provenance(science={}, inputs={}, counts={}, facts=facts, image=""))
