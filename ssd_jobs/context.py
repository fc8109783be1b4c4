"""The context of a stage: which shard it is, whether it must stop, and where it says how far it is.

Only `ssd_jobs.__main__` reads the environment and handles signals; a stage takes them from here, so that tests
can run a stage as a function call.
"""

import threading
from dataclasses import dataclass, field
from pathlib import Path

from ssd_jobs.artifacts import Output
from ssd_jobs.contract import Config, files
from ssd_jobs.errors import Terminated
from ssd_jobs.progress.recorder import Progress

__all__ = ["Context"]


@dataclass(frozen=True)
class Context:
    """The surroundings of one run of one stage."""

    workspace: Path
    index: int
    """The shard, or the node's rank in the training gang: the platform's completion index."""
    progress: Progress
    stop: threading.Event = field(default_factory=threading.Event)
    """Set by SIGTERM: finish what is in hand, make it durable, leave with 143."""
    config_path: Path | None = None
    """Where the config came from, for a stage that starts more processes."""

    def check_stop(self) -> None:
        """Raise Terminated if the stage was asked to stop; called where nothing is lost by it."""
        if self.stop.is_set():
            raise Terminated("stopped on request; what is finished is kept, run again to continue")

    def path(self, artifact: str) -> Path:
        """Return the absolute path of an artifact."""
        return self.workspace / artifact

    def output(self, config: Config, *, path: str, key: str, unfinished: tuple[str, ...] = ()) -> Output:
        """Return an artifact that the stage of this config writes."""
        return Output(
            path=self.path(path), stage=config.stage, name=config.name, key=key, shard=None, unfinished=unfinished
        )

    def shard_output(self, config: Config, *, path: str, key: str) -> Output:
        """Return the shard of an artifact that this process writes."""
        shard = files.shard(self.path(path), self.index)
        return Output(path=shard, stage=config.stage, name=config.name, key=key, shard=self.index)
