"""The reasons of conditions and of events: one word for programs, what it means, and what helps.

They are public, as the fields of the status are: people and their scripts compare them. The tables of
docs/troubleshooting.md are made from here, so a reason is added by its constant and by the line that gives it.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from ssd_operator.spec import condition_types

__all__ = ["CONDITION_REASONS", "EVENT_REASONS", "EventReason", "Reason"]


@dataclass(frozen=True)
class Reason:
    """A reason of a condition."""

    word: str
    condition: str
    """The condition that has it, with its value."""
    meaning: str
    remedy: str = ""
    """What a person can do; empty where nothing is wrong."""
    is_event: bool = False
    """An event says that a run waits for this, and is written when it begins to."""


@dataclass(frozen=True)
class EventReason:
    """A reason of an event."""

    word: str
    meaning: str
    is_warning: bool = False
    """A person should look."""


ACCEPTED: Final = f"`{condition_types.ACCEPTED}` True"
NOT_ACCEPTED: Final = f"`{condition_types.ACCEPTED}` False"
PLANS: Final = f"`{condition_types.PLANNED}` True"
WAITS: Final = f"`{condition_types.PROGRESSING}` False"
ENDS_BADLY: Final = f"`{condition_types.FAILED}` True, `{condition_types.PROGRESSING}` False"

VALID: Final = Reason("Valid", ACCEPTED, "the spec can be carried out")
INVALID_SPEC: Final = Reason(
    "InvalidSpec",
    NOT_ACCEPTED,
    "a value is impossible once the preset is laid under it; the message has the path",
    "correct it; a run that has begun goes on with the last good spec meanwhile",
)
CELLS_VALID: Final = Reason("Valid", PLANS, "every cell of the sweep can be carried out")
INVALID_SWEEP: Final = Reason(
    "InvalidSpec",
    f"`{condition_types.PLANNED}` False",
    "the sweep, or one of its cells, cannot be carried out; the message has the path",
    "correct it; no cell is made, changed or removed meanwhile, and those that are there go on",
)
EXCEEDS_QUOTA: Final = Reason(
    "ExceedsQuota",
    NOT_ACCEPTED,
    "`mode: Plan`: a pod, or the gang together, is larger than the namespace's quota",
    "ask for less, or for a larger quota",
)
POD_REFUSED: Final = Reason(
    "PodRefused",
    NOT_ACCEPTED,
    "`mode: Plan`: the API server would refuse a stage's pod: a LimitRange, Pod Security, a policy",
    "its own words are in the message; ask for something else in the stage's `pod`, or allow it",
)
CLAIM_NOT_FOUND: Final = Reason(
    "ClaimNotFound",
    WAITS,
    "the claim of `storage.claimName` is not in this namespace",
    "make it, or use `storage.template`",
    is_event=True,
)
CLAIM_REPLACED: Final = Reason(
    "ClaimReplaced",
    WAITS,
    "the claim was deleted and made anew: what finished stages wrote is not on it",
    "bring the old volume back under that name, or `rerun` from Prepare",
    is_event=True,
)
UPGRADE_NEEDED: Final = Reason(
    "UpgradeNeeded",
    WAITS,
    "the spec in force, or the status, was written by a version of the operator whose words this one cannot read",
    "install the version that wrote it, or a newer one; Jobs that are there go on meanwhile, and nothing is begun",
    is_event=True,
)
REFUSED: Final = Reason(
    "Refused",
    WAITS,
    "the API server does not let the operator make the claim, the frozen spec or a Job, for a quota or a policy",
    "its own words are in the message; tried again, at least every five minutes",
    is_event=True,
)
WAITING: Final = Reason(
    "Waiting",
    WAITS,
    "a Job belongs to something else, or is on its way out",
    "the message says which, and what to do",
    is_event=True,
)
COLLECTING: Final = Reason(
    "Collecting",
    WAITS,
    "`kubectl sd gc --remove` is at work on the claim, and no stage begins until it is done",
    "wait, at most for an hour; the message names its Job",
)
NO_PODS: Final = Reason(
    "NoPods",
    WAITS,
    "the Job is there, and its pods are refused: a quota, Pod Security, a webhook",
    "their words are in the message; allow the pods, or ask for something else and delete the Job",
    is_event=True,
)
UNSCHEDULABLE: Final = Reason(
    "Unschedulable",
    WAITS,
    "no node has what a pod asks for",
    "the scheduler's words are in the message (GPUs, taints, a volume of another zone), and how many of several pods "
    "have a node; make room, or ask for less and delete the Job",
    is_event=True,
)
SCALING_UP: Final = Reason(
    "ScalingUp",
    WAITS,
    "no node has room for a pod, and the cluster's autoscaler makes one",
    "wait; its words are in the message. No fault: where nodes take longer than `scheduling.gang.placementTimeout`, "
    "raise that",
    is_event=True,
)
HALF_PLACED: Final = Reason(
    "HalfPlaced",
    WAITS,
    "some pods of a gang had a node and others got none for `scheduling.gang.placementTimeout`: the first gave theirs "
    "back",
    "make room or ask for less; it is tried again, later and later, and not counted. With `scheduling.gang.scheduler` "
    "all pods are placed or none",
    is_event=True,
)
IMAGE_PULL: Final = Reason(
    "ImagePull",
    WAITS,
    "the image is not there, or may not be pulled",
    "`image.prefix` and `image.tag` of the chart, `spec.pod.imagePullSecrets` in the experiment's namespace; then "
    "delete the Job, which keeps the image that it was made with",
    is_event=True,
)
POD_CONFIG: Final = Reason(
    "PodConfig",
    WAITS,
    "a Secret or ConfigMap that a pod names is not there",
    "the message names it: the hub's token, MLflow's credentials, your `env`",
    is_event=True,
)
POD_SLOW: Final = Reason(
    "PodSlow",
    WAITS,
    "a pod has a node and no container for five minutes",
    "`kubectl describe pod NAME`: a volume that cannot be mounted, a network, a large image on its way",
    is_event=True,
)
POD_LOST: Final = Reason(
    "PodLost",
    WAITS,
    "a pod that must have ended is still there: its node is gone, and nobody but the node could say that the pod is",
    "the message has the node and the command: `kubectl delete node NODE`, or the out-of-service taint",
    is_event=True,
)
POD_WAITING: Final = Reason(
    "PodWaiting",
    WAITS,
    "the container waits for another reason",
    "the kubelet's words are in the message",
    is_event=True,
)
SIDECAR_RUNS: Final = Reason(
    "SidecarRuns",
    WAITS,
    "a pod's worker is over, and a sidecar that somebody injected keeps the pod",
    "native sidecars, none, or the annotation `selfdistill.dev/sidecar-quit-url` in `spec.pod.annotations`; the "
    "message has the command that lets this stage go on",
    is_event=True,
)
QUEUED: Final = Reason(
    "Queued",
    WAITS,
    "Kueue has not admitted the Job",
    "its words and the place in the queue, when `kueue.enabled` is set",
    is_event=True,
)
TEMPORARY: Final = Reason(
    "Temporary",
    WAITS,
    "a worker ended with 75 (the hub or MLflow is away, or ranks have lost each other), or its pod was disrupted",
    "wait; it is tried again, later and later, and not counted, until `deadline`",
    is_event=True,
)
UNKNOWN_PHASE: Final = Reason(
    "UnknownPhase",
    WAITS,
    "a newer operator left the stage in a phase that this one does not know; nothing is started for it",
    "install the newer operator again, or `rerun` from that stage",
    is_event=True,
)
NO_PROGRESS: Final = Reason(
    "NoProgress",
    WAITS,
    "a stage is at work and has been as far as it is for `operator.stalledSeconds`, by its worker's own word; PHASE "
    "stays `Running`",
    "the message has both commands: look at the log, or delete the Job, and the stage goes on from what it has written",
    is_event=True,
)
SUSPENDED: Final = Reason("Suspended", WAITS, "`suspend: true`", "set it to false: it goes on where it stopped")
PLANNED: Final = Reason("Planned", WAITS, "`mode: Plan`", "set it to Run")
STAGE_RUNNING: Final = Reason("StageRunning", "`Progressing` True", "the message names the stages that are at work")
CELLS_RUNNING: Final = Reason("CellsRunning", "`Progressing` True", "cells of the sweep are at work")
JUDGING: Final = Reason(
    "Judging", "`Progressing` True", "every cell of the sweep has ended, and the selected one is judged"
)
CELL_REFUSED: Final = Reason(
    "CellRefused",
    WAITS,
    "a cell of the sweep cannot be made or changed: the API server refuses it, or its name belongs to another resource",
    "the message says which and why; tried again, at least every five minutes",
    is_event=True,
)
CELLS_SUSPENDED: Final = Reason(
    "CellsSuspended",
    WAITS,
    "every cell of the sweep that has not ended was suspended by itself",
    "set `suspend` of those cells to false",
    is_event=True,
)
FINISHED: Final = Reason("Finished", "`Succeeded` True, `Progressing` False", "the run has ended")
NOT_FINISHED: Final = Reason("NotFinished", "`Succeeded` False", "the run goes on, or has failed")
STAGE_FAILED: Final = Reason(
    "StageFailed",
    ENDS_BADLY,
    "a stage gave up; the message is the worker's own",
    'see below; then `rerun: {from: STAGE, nonce: "2"}`',
)
CELLS_FAILED: Final = Reason(
    "CellsFailed",
    ENDS_BADLY,
    "more cells of the sweep failed than `maxFailed` allows, or all of them",
    "the message names them; raise `maxFailed` to begin the others, or delete a failed cell to have it made again",
)
DEADLINE_EXCEEDED: Final = Reason(
    "DeadlineExceeded", ENDS_BADLY, "not finished within `deadline`", "raise it and ask for a rerun"
)
NOT_FAILED: Final = Reason("NotFailed", "`Failed` False", "the run goes on, or has succeeded")
ASKED: Final = Reason("Asked", "`Suspended` True", "`suspend: true`")
NOT_ASKED: Final = Reason("NotAsked", "`Suspended` False", "`suspend` is not set")

RUN_SUCCEEDED: Final = EventReason("Succeeded", "the run has succeeded")
RUN_FAILED: Final = EventReason("Failed", "the run has failed; the note is that of the condition", is_warning=True)
RUN_SUSPENDED: Final = EventReason("Suspended", "the run is suspended")
PROMOTED: Final = EventReason("Promoted", "the gate gave the candidate the alias; the note has its reasons")
HELD: Final = EventReason("Held", "the gate did not give the candidate the alias; the note has its reasons")
RUN_NOT_ACCEPTED: Final = EventReason(
    "NotAccepted",
    "the spec cannot be carried out; the note is that of `Accepted`, of a sweep `Planned`",
    is_warning=True,
)
RUN_WAITING: Final = EventReason("Waiting", "the run waits; the note begins with the reason", is_warning=True)
CELL_FAILED: Final = EventReason(
    "CellFailed", "a cell of the sweep failed; the note is the cell's own", is_warning=True
)
STAGE_STARTED: Final = EventReason("StageStarted", "a stage has its Job, which the note names")
STAGE_RETRIED: Final = EventReason("StageRetried", "a stage is tried again; the note says why", is_warning=True)
STAGE_SUCCEEDED: Final = EventReason("StageSucceeded", "a stage is complete")
STAGE_GAVE_UP: Final = EventReason("StageFailed", "a stage gave up; the note is the worker's own", is_warning=True)
STAGE_SKIPPED: Final = EventReason("StageSkipped", "a stage is left out; the note says why", is_warning=True)
STAGE_SUSPENDED: Final = EventReason("StageSuspended", "a stage is stopped because its run is suspended")

CONDITION_REASONS: Final = tuple(each for each in vars().values() if isinstance(each, Reason))
EVENT_REASONS: Final = tuple(each for each in vars().values() if isinstance(each, EventReason))
