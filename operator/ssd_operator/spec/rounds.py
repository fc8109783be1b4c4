"""Rounds: a run that starts from what another run exported, and where in its chain it stands.

A sweep writes both into a cell once the round before has ended. The model that it starts from is named by digest, so
nothing that moves later (an alias, a branch, a training that is done again) changes what a round began with.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Annotated, Any, ClassVar, Literal

from pydantic import Field

from ssd_operator.spec import patterns
from ssd_operator.spec.base import Section
from ssd_operator.spec.marks import Science, Steering

__all__ = ["Round", "RoundStart", "Rounds", "begun", "end_of_chain", "fallen"]


class Round(Section):
    """Where a run stands in a chain of rounds; a sweep writes it."""

    mark = Science
    always_written: ClassVar[frozenset[str]] = frozenset({"number"})

    number: Annotated[int, Field(ge=1, le=1000)]
    """Which round this is, counted from 1; the model that the first one starts from is the root."""
    root_digest: Annotated[str, Field(max_length=64, pattern=patterns.DIGEST_OR_NONE)] = ""
    """Digest of the root; empty in the first round, which finds it out."""
    root_report: Annotated[str, Field(max_length=128, pattern=patterns.REPORT_OR_NONE)] = ""
    """The report of the first round, which has the root's scores; empty in that round itself."""


class Rounds(Section):
    """Each cell again and again, each time from the model that the time before exported."""

    mark = Steering
    always_written: ClassVar[frozenset[str]] = frozenset({"count"})

    count: Annotated[int, Field(ge=2, le=32)]
    """How many rounds a cell has; the template's model is the root, which the first one starts from."""
    fresh_prompts: bool = True
    """Each round takes the next prompts.limit problems of the pool, so that none is sampled twice; false samples on the
    same problems in all rounds."""
    stop_when: Literal["Never", "SelectFalls"] = "SelectFalls"
    """SelectFalls begins no further round once one scores less on select problems than the model that it started
    from."""


@dataclass(frozen=True)
class RoundStart:
    """What a round starts from, once the round before has ended."""

    export: str
    """The artifact of the training, below the workspace."""
    digest: str
    """Of that artifact."""
    root_digest: str
    root_report: str


def begun(spec: Mapping[str, Any], number: int, start: RoundStart) -> dict[str, Any]:
    """Return the written spec of a later round, which is that of the first but for what it starts from."""
    source = {"export": {"path": start.export, "digest": start.digest}}
    return {
        **spec,
        "model": {**spec.get("model", {}), "source": source},
        "round": {"number": number, "rootDigest": start.root_digest, "rootReport": start.root_report},
    }


def fallen(rounds: Rounds, number: int, *, select: str, before: str) -> str:
    """Return why no round follows this one, which scored so on select problems; empty where one does."""
    if rounds.stop_when == "Never" or not (select and before) or float(select) >= float(before):
        return ""
    return f"round {number} fell to {float(select):.3f} on select problems, after {float(before):.3f}"


def end_of_chain(rounds: Rounds, number: int, *, phase: str, message: str, select: str, before: str) -> str:
    """Return why no round follows this one, which stands so; empty where one does, or may."""
    if phase == "Skipped":
        return message
    if phase == "Failed":
        return f"round {number} failed"
    return fallen(rounds, number, select=select, before=before)
