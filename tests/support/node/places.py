"""Where everything of the test node is: folders that stay between runs, and one that does not.

What is slow to make (the base system, image layers, what containerd unpacked) is kept below the cache; `run` holds
one node's life and is emptied when the next one starts. One node at a time lives on a machine: a lock says whose.
"""

import fcntl
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from controlplane import cache
from controlplane.errors import Unavailable

__all__ = ["Places"]


@dataclass(frozen=True)
class Places:
    """The folders of the node level."""

    root: Path

    @classmethod
    def usual(cls) -> "Places":
        """Below the cache of everything that tests build."""
        return cls(cache.root() / "node")

    @property
    def run(self) -> Path:
        """What one node writes while it lives; its logs stay until the next one."""
        return self.root / "run"

    @property
    def images(self) -> Path:
        """Buildah's storage: base, layers, images."""
        return self.root / "images"

    @property
    def registry(self) -> Path:
        """What the local registry stores."""
        return self.root / "registry"

    @property
    def containerd(self) -> Path:
        """What containerd pulled and unpacked."""
        return self.root / "containerd"

    @contextmanager
    def held(self) -> Iterator[None]:
        """Hold the one lock of this machine, with an empty `run`."""
        self.root.mkdir(parents=True, exist_ok=True)
        with (self.root / "lock").open("w") as lock:
            try:
                fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError:
                raise Unavailable(
                    f"another node holds {lock.name}: wait until it ends, or set XDG_CACHE_HOME to another folder."
                ) from None
            shutil.rmtree(self.run, ignore_errors=True)
            for folder in (self.run, self.images, self.registry, self.containerd):
                folder.mkdir(exist_ok=True)
            yield
