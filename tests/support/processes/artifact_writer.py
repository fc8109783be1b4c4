"""A process that writes one artifact of several files; tests kill it at any moment."""

import sys
import time
from pathlib import Path

import pyarrow as pa

from ssd_jobs import artifacts
from ssd_jobs.artifacts import tables
from ssd_jobs.contract import files
from ssd_jobs.errors import JobError

KEY = "a" * 64
FILES = 12


def content(number: int) -> pa.Table:
    """Return what file `number` holds."""
    rows = [{"step": number, "key": "loss", "value": float(row), "time_ms": row} for row in range(200)]
    return tables.table(tables.METRICS, rows)


def write(path: Path, *, pause: float = 0.0) -> None:
    """Write what is missing, then the manifest."""
    with artifacts.Output(path=path, stage="train", name="train", key=KEY).claim() as draft:
        for number in range(FILES):
            name = files.part(number)
            if not (path / name).exists():
                draft.write_table(name, tables.METRICS, content(number))
            time.sleep(pause)
        draft.finish(artifacts.Provenance(science={}, inputs={}, counts={"files": FILES}, facts={}, image=""))


if __name__ == "__main__":
    print("ready", flush=True)
    try:
        write(Path(sys.argv[1]), pause=float(sys.argv[2]))
    except JobError as error:
        print(error, file=sys.stderr, flush=True)
        sys.exit(int(error.exit_code))
