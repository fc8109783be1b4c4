"""Files of problems at a path that a user named: which they are, and the digest of their content."""

import hashlib
from pathlib import Path

__all__ = ["SUFFIXES", "digest", "tables_below"]

SUFFIXES = (".jsonl", ".parquet")


def tables_below(directory: Path) -> list[Path]:
    """Return all tables of a directory in the order of their names."""
    return sorted(file for file in directory.rglob("*") if file.suffix in SUFFIXES and file.is_file())


def digest(path: Path) -> str:
    """Return the digest of a file, or of the tables of a directory; names below it count."""
    whole = hashlib.sha256()
    for file in tables_below(path) if path.is_dir() else [path]:
        with file.open("rb") as stream:
            whole.update(f"{file.relative_to(path)}\0{hashlib.file_digest(stream, 'sha256').hexdigest()}\n".encode())
    return whole.hexdigest()
