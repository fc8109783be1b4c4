"""The life of a run: from the old status and what was observed to the new status and to what must be done; pure."""

from ssd_operator.lifecycle.actions import Action, CreateJob, DeleteJob, DisownJob, ResumeJob, SuspendJob, actions_for
from ssd_operator.lifecycle.cells import CellView, RoundResults, StageTime, SweepInputs, WantedCell
from ssd_operator.lifecycle.effective import effective, frozen, reopens
from ssd_operator.lifecycle.events import Event, events_between, events_of_sweep
from ssd_operator.lifecycle.inputs import Inputs, JobView, Owner, PodView, RehearsedPod
from ssd_operator.lifecycle.planning import Planner
from ssd_operator.lifecycle.quiet import is_quiet
from ssd_operator.lifecycle.rounds import start_of
from ssd_operator.lifecycle.run import advance, hold, is_over, reopen, with_kinds
from ssd_operator.lifecycle.stage import is_watched
from ssd_operator.lifecycle.stalling import is_asked
from ssd_operator.lifecycle.standing import Standing, standing
from ssd_operator.lifecycle.sweep import advance_sweep
from ssd_operator.lifecycle.sweep_actions import (
    CellAction,
    ChangeCell,
    CreateCell,
    DeleteCell,
    ResumeCell,
    SuspendCell,
    actions_for_cells,
)
from ssd_operator.lifecycle.timing import expires, next_look, retry_in
from ssd_operator.lifecycle.unreadable import hold_unread, upgrade_needed
from ssd_operator.lifecycle.waiting import is_homeless, is_podless

__all__ = [
    "Action",
    "CellAction",
    "CellView",
    "ChangeCell",
    "CreateCell",
    "CreateJob",
    "DeleteCell",
    "DeleteJob",
    "DisownJob",
    "Event",
    "Inputs",
    "JobView",
    "Owner",
    "Planner",
    "PodView",
    "RehearsedPod",
    "ResumeCell",
    "ResumeJob",
    "RoundResults",
    "StageTime",
    "Standing",
    "SuspendCell",
    "SuspendJob",
    "SweepInputs",
    "WantedCell",
    "actions_for",
    "actions_for_cells",
    "advance",
    "advance_sweep",
    "effective",
    "events_between",
    "events_of_sweep",
    "expires",
    "frozen",
    "hold",
    "hold_unread",
    "is_asked",
    "is_homeless",
    "is_over",
    "is_podless",
    "is_quiet",
    "is_watched",
    "next_look",
    "reopen",
    "reopens",
    "retry_in",
    "standing",
    "start_of",
    "upgrade_needed",
    "with_kinds",
]
