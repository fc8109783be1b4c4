"""The directory of experiments on one machine: the workspace, and beside it what the runner keeps for itself.

DIR/models … DIR/reports     artifacts, exactly as on a cluster's volume; experiments share them by their keys
DIR/mlflow.db, DIR/mlartifacts  tracking, unless another server is named
DIR/.ssd/.origin             which directory this is, for a tracking server that has runs of others
DIR/.ssd/.names              held while an experiment begins here, and while `ssd gc` removes what none names
DIR/.ssd/NAME/state.json     which stage is where: what `ssd status` reads
DIR/.ssd/NAME/configs, logs  one config per stage, one log per process
DIR/.ssd/NAME/selfdistill.yaml  the file as it was when the last run began
DIR/.ssd/NAME/lock           held while a run of this experiment is going on
"""

import fcntl
import os
import re
import uuid
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from ssd_operator.errors import Busy, InvalidInput, NoSpace

__all__ = ["Workdir", "mlflow_database", "names"]

ORIGIN = re.compile("[0-9a-f]{32}")


def names(root: Path) -> list[str]:
    """Return the experiments that were run in a directory."""
    return sorted(file.parent.name for file in root.glob(".ssd/*/selfdistill.yaml"))


def mlflow_database(root: Path) -> Path:
    """Return where a directory's own MLflow store is, which need not be there yet."""
    return root.resolve() / "mlflow.db"


def _origin_file(root: Path) -> Path:
    return root / ".ssd" / ".origin"


def _origin(file: Path) -> tuple[str, str]:
    """Return the identity of a directory and where it was when that was written; empty where there is none."""
    with suppress(OSError):
        identity, _, place = file.read_text(encoding="utf-8", errors="replace").partition("\n")
        return (identity, place) if ORIGIN.fullmatch(identity) else ("", "")
    return "", ""


class Workdir:
    """Paths of one experiment, and the lock that keeps a second run out."""

    def __init__(self, root: Path, name: str) -> None:
        self.root = root.resolve()
        self.private = self.root / ".ssd" / name

    @property
    def state_file(self) -> Path:
        """Where the runner remembers."""
        return self.private / "state.json"

    @property
    def source_file(self) -> Path:
        """Where the user's file is kept."""
        return self.private / "selfdistill.yaml"

    @property
    def tracking_uri(self) -> str:
        """The directory's own MLflow store."""
        return f"sqlite:///{mlflow_database(self.root)}"

    def config_file(self, stage: str) -> Path:
        """Return where a stage's config is written."""
        return self.private / "configs" / f"{stage}.json"

    def log_file(self, stage: str, index: int) -> Path:
        """Return where a process writes its log."""
        return self.private / "logs" / f"{stage}-{index}.log"

    @property
    def origin(self) -> str:
        """What no other directory has; empty before the first run."""
        return _origin(self._origin_file)[0]

    def create(self) -> None:
        """Make what every run needs."""
        for part in ("configs", "logs"):
            (self.private / part).mkdir(parents=True, exist_ok=True)
        self._give_origin()

    @property
    def _origin_file(self) -> Path:
        return _origin_file(self.root)

    def _give_origin(self) -> None:
        """Write down which directory this is, once: the first of several runs decides. A copy is another directory."""
        identity, place = _origin(self._origin_file)
        copied = bool(place) and place != str(self.root) and _origin(_origin_file(Path(place)))[0] == identity
        if identity and place == str(self.root):
            return
        written = self.private / "origin.tmp"
        fresh = uuid.uuid4().hex if copied or not identity else identity
        written.write_text(f"{fresh}\n{self.root}", encoding="utf-8")
        if identity:
            written.replace(self._origin_file)
            return
        with suppress(OSError):  # it is there, or the file system has no links
            self._origin_file.hardlink_to(written)
        if not self.origin:  # without links, two first runs in the same moment are the only loss
            written.replace(self._origin_file)
        written.unlink(missing_ok=True)

    @contextmanager
    def naming(self) -> Iterator[None]:
        """Hold what decides which artifacts are named here: an experiment that begins waits for who removes others."""
        (self.root / ".ssd").mkdir(parents=True, exist_ok=True)
        with (self.root / ".ssd" / ".names").open("a", encoding="utf-8") as lock:
            fcntl.flock(lock, fcntl.LOCK_EX)
            yield

    def owner(self) -> str:
        """Return the process that runs this experiment now, or nothing."""
        with suppress(OSError), (self.private / "lock").open(errors="replace") as lock:
            try:
                fcntl.flock(lock, fcntl.LOCK_SH | fcntl.LOCK_NB)
            except BlockingIOError:
                return lock.read().strip() or "unknown"
        return ""

    @contextmanager
    def writable(self) -> Iterator[None]:
        """Have the directory there, and say in a sentence what is in the way of the runner's own files."""
        try:
            self.create()
            yield
        except OSError as error:
            if error.errno in NoSpace.signs:
                raise NoSpace(f"{self.root}: no space left; free some, then the same command continues") from None
            place = Path(error.filename2 or error.filename or "").absolute()
            if not (place.is_relative_to(self.root) or self.root.is_relative_to(place)):
                raise
            raise InvalidInput(
                f"--workdir {self.root}: {place} cannot be written ({error.strerror}); make that possible, "
                f"or name a directory that you may write"
            ) from None

    @contextmanager
    def locked(self) -> Iterator[None]:
        """Hold the lock of the directory; a second run fails with the process that has it."""
        descriptor = os.open(self.private / "lock", os.O_RDWR | os.O_CREAT, 0o644)
        try:
            try:
                fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError:
                owner = os.read(descriptor, 32).decode(errors="replace") or "unknown"
                raise Busy(
                    f"{self.root}: process {owner} runs this experiment; wait for it, or stop it with Ctrl-C there"
                ) from None
            os.ftruncate(descriptor, 0)
            os.pwrite(descriptor, str(os.getpid()).encode(), 0)
            yield
        finally:
            os.close(descriptor)
