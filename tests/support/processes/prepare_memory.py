"""Prepares a synthetic pool beside a benchmark that it is compared with, and prints the largest resident size in MB.

python prepare_memory.py DIRECTORY ROWS
"""

import random
import resource
import string
import sys
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq

from configs.parts import CHAT, TOY, rows_at
from configs.prepare import prepare_config
from ssd_jobs.stages.prepare import stage as prepare
from workspaces.sampling import context

WORDS = ["".join(random.Random(n).choices(string.ascii_lowercase, k=6)) for n in range(2000)]
ROW_BYTES = 2048


def main(root: Path, rows: int) -> None:
    """Write the pool in row groups, then prepare it."""
    draw = random.Random(0)
    schema = pa.schema([("id", pa.string()), ("statement", pa.string()), ("solution", pa.string())])
    with pq.ParquetWriter(root / "pool.parquet", schema) as writer:
        for start in range(0, rows, 5000):
            numbers = range(start, min(start + 5000, rows))
            filler = [" ".join(draw.choices(WORDS, k=ROW_BYTES // 7)) for _ in range(50)]
            statements = [f"Problem {number}. {filler[number % 50]}" for number in numbers]
            columns = [[f"p{number}" for number in numbers], statements, statements]
            writer.write_table(pa.table(columns, schema=schema))
    (root / "short.jinja").write_text("{{ statement[:100] }}")  # the toy's byte-like tokens would take the time
    rendering = CHAT.model_copy(update={"prompt_mode": "Raw", "template": "short.jinja"})
    config = prepare_config(root, prompts=rows_at("pool.parquet"), benchmarks={"toy": TOY}, rendering=rendering)
    prepare.run(config, context(root))
    print(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // 1024)


if __name__ == "__main__":
    main(Path(sys.argv[1]), int(sys.argv[2]))
