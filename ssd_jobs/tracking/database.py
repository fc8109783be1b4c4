"""The MLflow database in a file: whole, or not there.

MLflow makes and upgrades a database in place, by dozens of migrations that are not one transaction: a process that
dies meanwhile leaves a file that no later one can open. Here this happens to a new file, or to a copy, which takes its
place by one rename; a lock that the kernel drops with its process keeps two of them apart.
"""

import fcntl
import logging
import os
import re
import sqlite3
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path
from typing import Any

from ssd_jobs.artifacts import atomic, disk
from ssd_jobs.errors import BadInput, JobError, Temporary, first_line
from ssd_jobs.tracking import relocation

__all__ = ["artifacts", "ensure", "error_of", "path_of"]

LOGGER = logging.getLogger(__name__)

ADDRESS = re.compile(r"sqlite(\+\w+)?:///(?P<path>[^?]+)")
ARTIFACTS = "mlartifacts"
BUSY_S = 20.0
"""How long another process's transaction is waited for, as MLflow does."""
RECORDS = ("runs", "registered_models")
"""Tables whose rows a person would miss."""
REMEDY = "put a backup in its place, or move it away and run again: a new one is made then"

MEANINGS: tuple[tuple[tuple[str, ...], type[JobError], str], ...] = (
    (("SQLITE_NOTADB", "SQLITE_CORRUPT"), BadInput, f"is damaged ({{}}); {REMEDY}"),
    (("SQLITE_READONLY_DBMOVED",), Temporary, "was replaced while it was open; the same run goes on with the new one"),
    (
        ("SQLITE_READONLY", "SQLITE_CANTOPEN", "SQLITE_PERM"),
        BadInput,
        "cannot be opened for writing ({}); make the file and its directory writable",
    ),
    (("SQLITE_BUSY", "SQLITE_LOCKED"), Temporary, "another process keeps it locked ({}); wait for it or stop it"),
    (("SQLITE_IOERR",), JobError, "its disk fails ({}); mend that and run again"),
)
"""How SQLite's names of its errors begin, and what they ask of the user; the first one that fits."""


def path_of(uri: str) -> Path | None:
    """Return the file that an address names; None for a server and for a database in memory."""
    found = ADDRESS.match(uri)
    return Path(found["path"]).absolute() if found and found["path"] != ":memory:" else None


def artifacts(path: Path) -> str:
    """Return where artifacts go that no server keeps: beside the database, not in the current directory."""
    return (path.parent / ARTIFACTS).as_uri()


def ensure(path: Path) -> None:
    """Create or upgrade the database, so that MLflow opens it as it is; raise a JobError where that cannot be."""
    newest = _newest_schema()
    try:
        if _schema(path) != newest:
            with disk.explained(path):
                _make_current(path, newest)
        with closing(_connect(path)) as database:
            relocation.follow(database, path.parent / ARTIFACTS)
    except JobError:
        raise
    except Exception as error:
        if _cause(error) is None:
            raise
        raise error_of(path, error) or JobError(f"{path}: cannot be used ({first_line(error)})") from error


def _make_current(path: Path, newest: str | None) -> None:
    """Create a missing database, upgrade one with another schema; a process that waited for the lock finds it done."""
    path.parent.mkdir(parents=True, exist_ok=True)
    with _file_lock(path):
        if not path.exists():
            _build(path)
        elif _schema(path) != newest:
            _upgrade(path)


def error_of(path: Path, error: BaseException) -> JobError | None:
    """Return what SQLite's trouble with the file means, when that is what is behind an error of MLflow."""
    cause = _cause(error)
    name = getattr(cause, "sqlite_errorname", "")
    if name == "SQLITE_FULL":
        return disk.full(path)
    found = ((kind, words) for names, kind, words in MEANINGS if name.startswith(names))
    return next((kind(f"{path}: {words.format(cause)}") for kind, words in found), None)


def _cause(error: BaseException | None) -> sqlite3.Error | None:
    """Return SQLite's own error below those of SQLAlchemy and MLflow."""
    while error is not None and not isinstance(error, sqlite3.Error):
        error = getattr(error, "orig", None) or error.__cause__
    return error


def _newest_schema() -> str | None:
    """Return the name of the schema that this MLflow works with."""
    import mlflow
    from alembic.script import ScriptDirectory

    return ScriptDirectory(str(Path(mlflow.__file__).parent / "store" / "db_migrations")).get_current_head()


def _schema(path: Path) -> str:
    """Return the name of a database's schema; empty when it has none."""
    if not path.exists():
        return ""
    with closing(_connect(path)) as database:
        if not _row_count(database, "alembic_version"):
            return ""
        return str(database.execute("SELECT version_num FROM alembic_version").fetchone()[0])


def _upgrade(path: Path) -> None:
    """Upgrade a database; replace one that a killed process left half made, unless it holds records."""
    with closing(_connect(path)) as database, _write_lock(path):
        trouble = _upgrade_copy(path, database)
        if trouble is None:
            return
        if any(_row_count(database, table) for table in RECORDS):
            why = f"{type(trouble).__name__}: {first_line(trouble)[:200]}"
            raise BadInput(f"{path}: holds runs, and MLflow cannot bring it up to date ({why}); {REMEDY}") from trouble
    LOGGER.warning("%s: was left half made and holds no runs; it is now %s", path, _rename_aside(path))
    _build(path)


def _upgrade_copy(path: Path, database: sqlite3.Connection) -> Exception | None:
    """Replace the database by an upgraded copy, or return the error of MLflow."""
    try:
        _build(path, of=database)
    except OSError:
        raise
    except Exception as error:
        known = error_of(path, error)
        if known is not None:
            raise known from error
        return error
    return None


def _build(path: Path, *, of: sqlite3.Connection | None = None) -> None:
    """Run `mlflow db upgrade` on a new file or on a copy, and rename the result to the path."""
    from mlflow import db

    with atomic.replacing(path) as temporary, _without_sync():
        if of is not None:
            with closing(sqlite3.connect(temporary)) as copy:
                of.backup(copy)
        db.upgrade.callback(f"sqlite:///{temporary}")


@contextmanager
def _without_sync() -> Iterator[None]:
    """Turn off syncing per statement: the whole file is synced before its rename."""
    from sqlalchemy import event
    from sqlalchemy.pool import Pool

    def disable_sync(connection: Any, _record: object) -> None:
        connection.execute("PRAGMA synchronous = OFF")

    event.listen(Pool, "connect", disable_sync)
    try:
        yield
    finally:
        event.remove(Pool, "connect", disable_sync)


def _rename_aside(path: Path) -> Path:
    """Rename a file to the first name of its kind that is free."""
    number = 1
    while (kept := path.with_name(f"{path.name}.broken-{number}")).exists():
        number += 1
    return path.rename(kept)


def _connect(path: Path) -> sqlite3.Connection:
    """Open a database that is there; what an interrupted transaction left is rolled back by its first reader."""
    return sqlite3.connect(f"{path.as_uri()}?mode=rw", uri=True, timeout=BUSY_S)


@contextmanager
def _write_lock(path: Path) -> Iterator[None]:
    """Lock the database against every writer, also those without our file lock, and remove its journal."""
    with closing(_connect(path)) as holder:
        holder.execute("PRAGMA journal_mode = DELETE")
        holder.execute("BEGIN IMMEDIATE")
        yield


def _row_count(database: sqlite3.Connection, table: str) -> int:
    """Return how many rows a table has; none when it is not there."""
    known = database.execute("SELECT 1 FROM sqlite_master WHERE type = 'table' AND name = ?", (table,)).fetchone()
    return int(database.execute(f"SELECT count(*) FROM {table}").fetchone()[0]) if known else 0  # noqa: S608 - ours


@contextmanager
def _file_lock(path: Path) -> Iterator[None]:
    """Lock the path against other processes of ours, and remove what a killed one left."""
    descriptor = os.open(path.with_name(f".{path.name}.lock"), os.O_RDWR | os.O_CREAT, 0o644)
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX)
        for leftover in path.parent.glob(f"{atomic.TEMPORARY}{path.name}.*"):
            leftover.unlink(missing_ok=True)
        yield
    finally:
        fcntl.flock(descriptor, fcntl.LOCK_UN)
        os.close(descriptor)
