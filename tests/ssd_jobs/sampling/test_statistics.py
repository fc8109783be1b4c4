"""What a shard looks like is the same from its rows in memory and from its parts on disk."""

from pathlib import Path

import pyarrow.parquet as pq

from ssd_jobs.artifacts import tables
from ssd_jobs.contract import files
from ssd_jobs.sampling.statistics import Statistics
from workspaces.sampling import STOP, sample_row

ROWS = [
    sample_row("a"),
    sample_row("a", 1, text="no block", completion_token_ids=[7] * 40, finish_reason="length"),
    sample_row("b", text="```python\nprint(\n```", entropy_mean=float("nan"), prompt_token_ids=[1] * 9),
    sample_row("c", completion_token_ids=[], text="", error="prompt_too_long", finish_reason="error"),
    sample_row("d", completion_token_ids=[5, STOP], text="```\nx = 1\n```"),
]


def test_parts_are_counted_as_rows_are(tmp_path: Path) -> None:
    """Counting a part without its tokens gives every number that counting its rows gives."""
    pq.write_table(tables.table(tables.SAMPLES, ROWS), tmp_path / files.part(0))
    there, here = (Statistics(clock=iter([0.0, 10.0]).__next__) for _ in range(2))
    for row in ROWS:
        here.add(row)
    there.add_part(tmp_path / files.part(0))
    assert there.counts() == here.counts()
    assert there.values() == here.values()
    assert (there.counts()["completion_tokens"], there.counts()["prompt_tokens"]) == (48, 15)
