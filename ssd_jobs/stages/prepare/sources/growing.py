"""How far a download is whose library tells nobody: how many bytes its directory has, looked at once a second."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from threading import Event, Thread

from ssd_jobs.artifacts.counting import Counted

__all__ = ["growing"]

EVERY_S = 1.0


@contextmanager
def growing(directory: Path, total: int, counted: Counted) -> Iterator[None]:
    """Tell how many of the bytes are there until the block ends, and then all of them."""
    ended = Event()

    def look() -> None:
        while not ended.wait(EVERY_S):
            counted(min(_bytes(directory), total), total)

    watcher = Thread(target=look, name="download", daemon=True)
    watcher.start()
    try:
        yield
    finally:
        ended.set()
        watcher.join()
    counted(total, total)


def _bytes(directory: Path) -> int:
    """Return the bytes below a directory in which files come and go."""
    size = 0
    for path in directory.rglob("*"):
        try:
            size += path.stat().st_size if path.is_file() else 0
        except OSError:
            continue
    return size
