"""The door: what the process keeps and works with of a SelfDistillation that the API server sends.

Each becomes a Run, an Ended or an Unreadable. Most resources of a cluster are over: of those a few facts are kept and
never the document, and whoever must work on one again reads it anew. The status of the others is read when asked.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from functools import cached_property
from typing import Any

from ssd_operator import naming
from ssd_operator.cluster.cells import view_cell
from ssd_operator.cluster.keys import Key, ResourceIdentity, identify, key_of
from ssd_operator.cluster.owners import OwnerReference
from ssd_operator.cluster.transport import Raw
from ssd_operator.cluster.unreadable import Unreadable, unreadable
from ssd_operator.errors import InvalidSpec
from ssd_operator.lifecycle import CellView, RoundResults, StageTime, Standing, is_over, standing
from ssd_operator.lifecycle.conditions import find, holds
from ssd_operator.lifecycle.inputs import moment
from ssd_operator.spec import condition_types, resource, scalars
from ssd_operator.spec.resolved import ResolvedSpec
from ssd_operator.spec.status import Status

__all__ = ["Ended", "Live", "Run", "enter", "read"]

FACTS = ("observedGeneration", "phase", "stages", "conditions", "completionTime", "resolvedSpec")
STAGE_FACTS = ("name", "phase", "key")


@dataclass(frozen=True, slots=True)
class Run:
    """A SelfDistillation as the API server has it."""

    key: Key
    uid: str
    version: int
    """The resource version: a larger one is newer."""
    generation: int
    deleting: bool
    suspended: bool
    planning: bool
    """The mode is Plan: nothing may be started."""
    sweep_uid: str
    """Of the sweep whose cell it is, empty where it is none."""
    status: Status
    document: Raw = field(repr=False, compare=False)
    """As it was sent. Only `cluster` looks into it: the spec is read when it has changed, which is seldom."""

    @property
    def identity(self) -> ResourceIdentity:
        """Return what tells this sight of it apart."""
        return ResourceIdentity(self.key, self.uid, self.version)

    @property
    def claim_name(self) -> str:
        """The claim that the written spec names, empty where it names none."""
        return str(self.document["spec"].get("storage", {}).get("claimName") or "")

    @property
    def tracking_uri(self) -> str:
        """The MLflow server that the written spec names, empty where it names none."""
        return str(self.document["spec"].get("tracking", {}).get("uri", ""))

    @property
    def rerun_nonce(self) -> str:
        """The nonce of the written rerun, empty where there is none."""
        return str(self.document["spec"].get("rerun", {}).get("nonce", ""))

    def resolve(self) -> ResolvedSpec:
        """Complete the written spec, or raise InvalidSpec naming every wrong field."""
        return resource.parse(self.document).resolve()

    def owner_reference(self) -> OwnerReference:
        """Return what makes an object go with the resource."""
        return OwnerReference(naming.API_VERSION, self.key.kind, self.key.name, self.uid)

    def with_status(self, status: Status) -> Raw:
        """Return the document with another status."""
        written = status.model_dump(mode="json", by_alias=True, exclude_none=True, exclude_defaults=True)
        return {**self.document, "status": written}


@dataclass(frozen=True, slots=True)
class Ended:
    """A SelfDistillation that is over."""

    key: Key
    uid: str
    version: int
    generation: int
    deleting: bool
    phase: str
    completed_at: str
    """Empty where no time is written."""
    ttl: str
    """As the spec has it, empty: it is kept for ever."""
    settled: bool
    """The status speaks of this generation and accepts it, so the spec in force is the one that is written."""
    claim: str
    spec: str
    """The ConfigMap of the spec in force, empty where none is."""
    recorded: tuple[str, ...]
    """The keys of which it has results on its claim."""
    cell: CellView | None = None
    """What its sweep must know of it, None where it belongs to none."""

    @property
    def identity(self) -> ResourceIdentity:
        """Return what tells it apart."""
        return ResourceIdentity(self.key, self.uid, self.version)

    @property
    def standing(self) -> Standing:
        """Return where it stands."""
        return Standing(self.phase)

    @property
    def jobs(self) -> frozenset[str]:
        """Return the Jobs that it still makes or waits for."""
        return frozenset()

    @property
    def is_going_on(self) -> bool:
        """Tell whether it wants its Jobs."""
        return False

    @property
    def expires(self) -> datetime | None:
        """Return when it is to be deleted."""
        ttl = scalars.seconds(self.ttl)
        return datetime.fromisoformat(self.completed_at) + timedelta(seconds=ttl) if ttl and self.completed_at else None


class Live:
    """A SelfDistillation that is not over: its document, until somebody asks what it says, and that answer then."""

    def __init__(self, document: Raw) -> None:
        metadata, spec = document["metadata"], document["spec"]
        self.identity = identify(document)
        self.phase: str = _phase(document)
        self.claim = _claim(document)
        self.cell = view_cell(document)
        stopped = "deletionTimestamp" in metadata or spec.get("suspend", False)
        self.is_going_on = not stopped and self.phase not in ("Succeeded", "Failed")
        self._document: Raw | None = document

    @cached_property
    def value(self) -> Run | Unreadable:
        """The document as it is worked with, read once; of one that cannot be read only the problems are kept."""
        assert self._document is not None
        found = read(self._document)
        self._document = None
        return found

    @property
    def standing(self) -> Standing:
        """Where it stands."""
        told = self.value.status if isinstance(self.value, Run) else self.value.legible
        return Standing(self.phase) if told is None else standing(told)

    @property
    def jobs(self) -> frozenset[str]:
        """The Jobs that its status names."""
        stages = self.value.status.stages if isinstance(self.value, Run) else ()
        return frozenset(job.name for stage in stages for job in stage.jobs)

    @property
    def spec(self) -> str:
        """The ConfigMap of the spec in force, empty where none is."""
        return _frozen(self.value.status) if isinstance(self.value, Run) else ""

    @property
    def recorded(self) -> tuple[str, ...]:
        """The keys of which it has results on its claim."""
        return _recorded(self.value.status) if isinstance(self.value, Run) else ()


def enter(document: Raw) -> Live | Ended:
    """Return what is kept of what the API server sends."""
    metadata = {name: value for name, value in document["metadata"].items() if name != "managedFields"}
    slim = {**document, "metadata": metadata}
    return _ended(slim) or Live(slim)


def read(document: Raw) -> Run | Unreadable:
    """Read the whole of what the API server sends."""
    metadata, spec = document["metadata"], document["spec"]
    try:
        status = Status.read(document.get("status", {}), path="status")
    except InvalidSpec as error:
        return unreadable(document, error)
    return Run(
        key=key_of(document),
        uid=metadata["uid"],
        version=int(metadata["resourceVersion"]),
        generation=metadata["generation"],
        deleting="deletionTimestamp" in metadata,
        suspended=spec.get("suspend", False),
        planning=spec.get("mode", "Run") == "Plan",
        sweep_uid=cell.sweep if (cell := view_cell(document)) is not None else "",
        status=status,
        document=document,
    )


def _ended(document: Raw) -> Ended | None:
    """Return the few facts of a resource that has ended; None where none is readable: its whole status says why."""
    metadata, spec = document["metadata"], document["spec"]
    try:
        status = Status.read(_few(document), path="status")
        if not is_over(status):
            return None
        current = status.observed_generation == metadata["generation"]
        cell = view_cell(document)
        if cell is not None and current:
            cell = _ended_cell(cell, Status.read(_written_status(document), path="status"))
    except InvalidSpec:
        return None
    return Ended(
        key=key_of(document),
        uid=metadata["uid"],
        version=int(metadata["resourceVersion"]),
        generation=metadata["generation"],
        deleting="deletionTimestamp" in metadata,
        phase=status.phase,
        completed_at=status.completion_time or "",
        ttl=spec.get("ttlAfterFinished", ""),
        settled=current and holds(status, condition_types.ACCEPTED),
        claim=_claim(document),
        spec=_frozen(status),
        recorded=_recorded(status),
        cell=cell,
    )


def _ended_cell(view: CellView, status: Status) -> CellView:
    """Return what its sweep must know of a run that has ended."""
    failed = find(status, condition_types.FAILED)
    return replace(
        view,
        phase="Succeeded" if holds(status, condition_types.SUCCEEDED) else "Failed",
        message=failed.message if failed is not None and failed.status == "True" else "",
        choices={stage.name: stage.choice for stage in status.stages if stage.choice is not None},
        report=_report(status),
        stages=tuple(_stage_times(status)),
        promotion=status.promotion,
        results=_round_results(status),
    )


def _stage_times(status: Status) -> Iterator[StageTime]:
    """Yield how long the stages took that have ended."""
    for stage in status.stages:
        with suppress(ValueError, TypeError):  # another version's word for a time
            seconds = (moment(stage.completion_time or "") - moment(stage.start_time or "")).total_seconds()
            yield StageTime(stage.name, stage.key, seconds)


def _report(status: Status) -> dict[str, str]:
    """Return what the candidate scored on each benchmark, under the grading that comes first."""
    found: dict[str, str] = {}
    for each in status.results:
        if each.candidate is not None:
            found.setdefault(each.benchmark, each.candidate.pass_at1)
    return found


def _round_results(status: Status) -> RoundResults | None:
    """Return what later rounds start from, None where a stage has left nothing."""
    left = {stage.kind: stage for stage in status.stages if stage.phase == "Succeeded" and stage.artifact is not None}
    prepared, trained, reported = (left.get(kind) for kind in ("prepare", "train", "report"))
    if not (prepared and trained and reported and trained.artifact and reported.artifact):
        return None
    return RoundResults(
        export=trained.artifact.path,
        digest=trained.artifact.digest,
        model_digest=prepared.digests.get("model", ""),
        report=reported.artifact.path,
    )


def _few(document: Raw) -> Raw:
    """Return the part of a status that an end is known by: reading the whole of it at every event costs much more."""
    status = _written_status(document)
    facts = {name: status[name] for name in FACTS if name in status}
    stages = status.get("stages", [])
    if isinstance(stages, list):
        facts["stages"] = [_few_of_stage(each) for each in stages]
    return facts


def _few_of_stage(stage: Any) -> Any:
    """Return the part of a stage that others ask for."""
    return {name: stage[name] for name in STAGE_FACTS if name in stage} if isinstance(stage, dict) else stage


def _phase(document: Raw) -> str:
    """Return the phase as it is written; empty where none is."""
    phase = _written_status(document).get("phase", "")
    return phase if isinstance(phase, str) else ""


def _written_status(document: Raw) -> Raw:
    """Return what stands in the status; what is no object is no status."""
    status = document.get("status", {})
    return status if isinstance(status, dict) else {}


def _claim(document: Raw) -> str:
    """Return the claim on which a resource's results lie."""
    return naming.claim_of(document["metadata"]["name"], document["spec"].get("storage", {}).get("claimName"))


def _frozen(status: Status) -> str:
    """Return the ConfigMap of the spec in force, empty where none is."""
    return "" if status.resolved_spec is None else status.resolved_spec.config_map


def _recorded(status: Status) -> tuple[str, ...]:
    """Return the keys of the stages that succeeded."""
    return tuple(stage.key for stage in status.stages if stage.phase == "Succeeded")
