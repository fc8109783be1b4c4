"""A database in a file whose directory was moved or copied.

MLflow stores where artifacts are as absolute addresses, so a copy would write among those of the original, and what was
moved would write where it no longer is. Addresses are rewritten where the artifacts came along: where a directory of
their name lies beside the database.
"""

import sqlite3
from pathlib import Path
from urllib.parse import unquote, urlsplit

__all__ = ["follow"]

ADDRESSES = {
    "experiments": "artifact_location",
    "runs": "artifact_uri",
    "logged_models": "artifact_location",
    "model_versions": "storage_location",
}
"""Table -> the column that holds addresses of artifacts."""


def follow(database: sqlite3.Connection, artifacts: Path) -> None:
    """Let every address in another directory of this name mean this one, if it is there."""
    if not artifacts.is_dir():
        return
    for (location,) in database.execute("SELECT DISTINCT artifact_location FROM experiments").fetchall():
        if _is_elsewhere(location, artifacts):
            with database:
                _rewrite(database, location, artifacts.as_uri())


def _is_elsewhere(location: str, artifacts: Path) -> bool:
    """Tell whether this is an address of another directory with the same name."""
    parts = urlsplit(location or "")
    there = Path(unquote(parts.path))
    if parts.scheme != "file" or there.name != artifacts.name:
        return False
    return not (there.exists() and there.samefile(artifacts))


def _rewrite(database: sqlite3.Connection, old: str, new: str) -> None:
    """Replace an address, and the beginning of all that are below it."""
    for table, column in ADDRESSES.items():
        database.execute(
            f"UPDATE {table} SET {column} = ? || substr({column}, ?) "  # noqa: S608 - names of ours
            f"WHERE {column} = ? OR substr({column}, 1, ?) = ?",
            (new, len(old) + 1, old, len(old) + 1, f"{old}/"),
        )
