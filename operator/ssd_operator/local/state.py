"""What the local runner remembers between runs, as the same words that a cluster's status uses."""

import json
import os
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any, Literal

__all__ = ["Phase", "RunState", "StageState"]

Phase = Literal["Pending", "Running", "Succeeded", "Failed", "Skipped"]


@dataclass
class StageState:
    """One stage."""

    name: str
    phase: Phase = "Pending"
    key: str = ""
    attempt: int = 1
    message: str = ""
    result: dict[str, Any] | None = None
    """What the stage printed last, as JSON."""
    started: float = 0.0
    finished: float = 0.0


@dataclass
class RunState:
    """One experiment."""

    name: str
    spec_digest: str
    stages: dict[str, StageState] = field(default_factory=dict)
    reruns: dict[str, str] = field(default_factory=dict)
    """Kind of stage -> nonce of the last rerun from there."""

    def stage(self, name: str, key: str) -> StageState:
        """Return a stage's state; a stage whose key has changed starts afresh."""
        known = self.stages.get(name)
        if known is None or known.key != key:
            known = self.stages[name] = StageState(name=name, key=key)
        return known

    def save(self, path: Path) -> None:
        """Write the state atomically."""
        temporary = path.with_suffix(".tmp")
        temporary.write_text(json.dumps(asdict(self), indent=1) + "\n", encoding="utf-8")
        os.replace(temporary, path)  # noqa: PTH105 - atomic on purpose

    @classmethod
    def load(cls, path: Path) -> "RunState | None":
        """Read the state, or None when there is none that this version understands."""
        try:
            document = json.loads(path.read_text(encoding="utf-8"))
            stages = {name: StageState(**stage) for name, stage in document["stages"].items()}
            return cls(document["name"], document["spec_digest"], stages, dict(document["reruns"]))
        except (OSError, ValueError, KeyError, TypeError):
            return None
