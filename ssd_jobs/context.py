"""The context of a stage: which shard it is, whether it must stop, and where it says how far it is.

Only `ssd_jobs.__main__` reads the environment and handles signals; a stage takes them from here, so that tests
can run a stage as a function call.
"""

import threading
from dataclasses import dataclass, field
from pathlib import Path

from ssd_jobs.artifacts import Output, lay_out, shards_of_process
from ssd_jobs.contract import Config, files
from ssd_jobs.errors import BadInput, Terminated
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

    def shard_outputs(self, config: Config, *, path: str, key: str, processes: int) -> tuple[Output, ...]:
        """Return the shards of an artifact that this process of so many writes; it lays the artifact out if needed."""
        if not 0 <= self.index < processes:
            raise BadInput(f"process {self.index} is out of range: the stage has the processes 0 to {processes - 1}")
        root = self.path(path)
        shards = lay_out(root, processes)
        return tuple(
            Output(
                path=files.shard(root, shard, shards),
                stage=config.stage,
                name=config.name,
                key=key,
                shard=shard,
                shards=shards,
            )
            for shard in shards_of_process(self.index, processes=processes, shards=shards)
        )
