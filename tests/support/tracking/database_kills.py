"""Opens new MLflow databases in processes that are killed meanwhile, or that open one at once.

    python database_kills.py FOLDER WAY-POINT... | together-NUMBER

WAY is `ours`, or `mlflow` for what MLflow does by itself. A POINT is a share of the statements of an undisturbed
opening, or `rename` for the moment before the file gets its name. The libraries are imported once and every process
is a fork. Prints, as JSON, for every argument what the processes after the kill found: their exit codes, the files
that are there then, and how many runs MLflow knows.
"""

import json
import os
import signal
import sqlite3
import sys
import traceback
from collections.abc import Callable
from contextlib import closing
from functools import partial
from pathlib import Path
from typing import Any

import mlflow
import mlflow.store.model_registry.sqlalchemy_store  # imported before the forks
import mlflow.store.tracking.sqlalchemy_store
from sqlalchemy import event
from sqlalchemy.engine import Engine

from ssd_jobs import contract, tracking

STATEMENTS = 1600
"""Of an opening, roughly: a share of them is enough."""


def main(folder: Path, arguments: list[str]) -> None:
    found = {}
    for argument in arguments:
        way, _, point = argument.partition("-")
        (folder / argument).mkdir()
        found[argument] = (
            at_once(folder / argument, int(point)) if way == "together" else killed(folder / argument, way, point)
        )
    print(json.dumps(found))


def killed(folder: Path, way: str, point: str) -> dict[str, Any]:
    """Kill the first process at one point, and return how the second one fares."""

    def open_and_die() -> None:
        die_at(point)
        (ours if way == "ours" else theirs)(folder / "mlflow.db")

    first = fork(open_and_die)
    assert os.WIFSIGNALED(os.waitpid(first, 0)[1]), "it was done before it could be killed"
    return after(folder, [fork(lambda: use(folder, "second"))])


def at_once(folder: Path, number: int) -> dict[str, Any]:
    """Have several processes open one new database in the same moment."""
    reading, writing = os.pipe()

    def begin(name: str) -> None:
        os.close(writing)
        os.read(reading, 1)
        use(folder, name)

    children = [fork(partial(begin, f"run-{index}")) for index in range(number)]
    os.close(writing)
    return after(folder, children)


def after(folder: Path, children: list[int]) -> dict[str, Any]:
    """Wait for processes, and return what there is then."""
    codes = [os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) for child in children]
    with closing(sqlite3.connect(folder / "mlflow.db")) as database:
        [runs] = database.execute("SELECT count(*) FROM runs").fetchone()
    return {"codes": codes, "files": sorted(path.name for path in folder.iterdir()), "runs": runs}


def ours(database: Path) -> None:
    """Open it as a stage does."""
    tracking.connect(f"sqlite:///{database}").search_experiments()


def theirs(database: Path) -> None:
    """Open it as MLflow does."""
    mlflow.MlflowClient(tracking_uri=f"sqlite:///{database}").search_experiments()


def use(folder: Path, name: str) -> None:
    """Record one metric of one stage."""
    metrics = folder / f"{name}.jsonl"
    metrics.write_text('{"step": 1, "key": "loss", "value": 1.0, "time_ms": 1}\n')
    where = contract.Tracking(uri=f"sqlite:///{folder}/mlflow.db", experiment=name, run_key=name, run_name=name)
    assert tracking.replay(where, "train", metrics) == 1


def die_at(point: str) -> None:
    """Have this process killed at one point of an opening."""
    if point == "rename":
        os.replace = lambda *_: os.kill(os.getpid(), signal.SIGKILL)
        return
    left = iter(range(round(float(point) * STATEMENTS), -1, -1))

    def count(*_: object) -> None:
        if not next(left):
            os.kill(os.getpid(), signal.SIGKILL)

    event.listen(Engine, "before_cursor_execute", count)


def fork(work: Callable[[], object]) -> int:
    """Do something in a fork and return its process id."""
    child = os.fork()
    if child:
        return child
    try:
        work()
    except BaseException:  # noqa: BLE001 - a fork must never go on as its parent
        traceback.print_exc()
        os._exit(1)
    os._exit(0)


if __name__ == "__main__":
    main(Path(sys.argv[1]), sys.argv[2:])
