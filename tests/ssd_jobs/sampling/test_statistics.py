"""What a shard looks like is the same from rows in memory and from parts on disk, and in grading's words."""

from pathlib import Path

import pyarrow.parquet as pq

from ssd_jobs.artifacts import tables
from ssd_jobs.contract import files
from ssd_jobs.programs.extraction import answer_of, extract
from ssd_jobs.sampling.statistics import Statistics
from workspaces.sampling import STOP, sample_row

ROWS = [
    sample_row("a"),
    sample_row("a", 1, text="no block", completion_token_ids=[7] * 40, finish_reason="length"),
    sample_row("b", text="```python\nprint(\n```", entropy_mean=float("nan"), prompt_token_ids=[1] * 9),
    sample_row("c", completion_token_ids=[], text="", error="prompt_too_long", finish_reason="error"),
    sample_row("d", completion_token_ids=[5, STOP], text="```\nx = 1\n```"),
    sample_row("e", text="```cpp\nint x = 1;\n```"),
    sample_row("f", text="```python\nx = 1\n```", answer_start=19, finish_reason="length"),
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
    assert (there.counts()["completion_tokens"], there.counts()["prompt_tokens"]) == (54, 19)


def test_what_is_code_is_what_grading_would_run() -> None:
    """A block in another language is none, nor is a program in thoughts that the token limit cut."""
    statistics = Statistics()
    for row in ROWS:
        statistics.add(row)
    counts = statistics.counts()
    assert (counts["code_block"], counts["parses"], counts["cut_while_thinking"]) == (3, 2, 1)
    assert (counts["errors"], counts["prompt_too_long"]) == (1, 1)
    graded = [extract(answer_of(row), "Process") for row in ROWS if not row["error"]]
    assert counts["code_block"] == sum(code is not None for code in graded)
    assert statistics.values()["cut_while_thinking_share"] == 1 / 6
