"""How much memory of its own a process has, apart from files that it maps."""

import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

__all__ = ["Peak", "watched"]

EVERY_S = 0.005


@dataclass
class Peak:
    """The most that was seen above what there was at the beginning."""

    megabytes: float = 0.0


@contextmanager
def watched() -> Iterator[Peak]:
    """Look at this process's memory all the time."""
    begin, peak, done = _anonymous(), Peak(), threading.Event()

    def look() -> None:
        while not done.is_set():
            peak.megabytes = max(peak.megabytes, _anonymous() - begin)
            time.sleep(EVERY_S)

    thread = threading.Thread(target=look, daemon=True)
    thread.start()
    try:
        yield peak
    finally:
        done.set()
        thread.join()


def _anonymous() -> float:
    """Return RssAnon in megabytes."""
    status = Path("/proc/self/status").read_text(encoding="ascii")
    line = next(line for line in status.splitlines() if line.startswith("RssAnon:"))
    return int(line.split()[1]) / 1024
