"""What the local runner remembers between runs, as the same words that a cluster's status uses."""

from __future__ import annotations

import json
import os
from contextlib import suppress
from dataclasses import asdict, dataclass, field, replace
from pathlib import Path
from typing import Any, Literal, TypeVar

from pydantic import TypeAdapter, ValidationError

from ssd_jobs import contract
from ssd_operator.plan import Graph, Node

__all__ = ["Phase", "RunState", "StageState"]

R = TypeVar("R", bound=contract.Model)
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
    kind: str = ""
    """Its kind, such as grade."""

    @property
    def has_result(self) -> bool:
        """Tell whether it printed a result that this version understands."""
        return contract.load_result(json.dumps(self.result)) is not None


@dataclass
class RunState:
    """One experiment."""

    name: str
    spec_digest: str
    stages: dict[str, StageState] = field(default_factory=dict)
    reruns: dict[str, str] = field(default_factory=dict)
    """Kind of stage -> nonce of the last rerun from there."""
    seconds: float = 0.0
    """Time in which this run went on; what the deadline is compared with."""

    def stage(self, node: Node) -> StageState:
        """Return a stage's state; a stage whose key has changed starts afresh."""
        known = self.stages.get(node.name)
        if known is None or known.key != node.key:
            known = self.stages[node.name] = StageState(node.name, key=node.key, kind=node.kind)
        return known

    def within(self, graph: Graph) -> RunState:
        """Return the state of the graph's stages, by their names; an earlier version wrote no kinds."""
        known = {node.name: (self.stages[node.name], node.kind) for node in graph if node.name in self.stages}
        return replace(self, stages={name: replace(each, name=name, kind=kind) for name, (each, kind) in known.items()})

    def succeeded(self, node: Node) -> bool:
        """Tell whether a stage has come to a good end; one of its name and another key is not it."""
        known = self.stages.get(node.name)
        return known is not None and known.phase == "Succeeded" and known.key == node.key

    def result_of(self, kind: type[R]) -> R | None:
        """Return what a stage that succeeded said at its end, if one said this kind of result."""
        for stage in self.stages.values():
            with suppress(ValidationError):
                if stage.phase == "Succeeded" and stage.result is not None:
                    return kind.model_validate(stage.result, strict=False)
        return None

    def save(self, path: Path) -> None:
        """Write the state atomically."""
        temporary = path.with_suffix(".tmp")
        temporary.write_text(json.dumps(asdict(self), indent=1) + "\n", encoding="utf-8")
        os.replace(temporary, path)  # noqa: PTH105 - atomic on purpose

    @classmethod
    def load(cls, path: Path) -> RunState | None:
        """Read the state, or None when there is none that this version understands."""
        try:
            return SHAPE.validate_json(path.read_bytes())
        except (OSError, ValidationError):
            return None


SHAPE = TypeAdapter(RunState)
