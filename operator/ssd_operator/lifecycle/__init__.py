"""The life of a run: from the old status and what was observed to the new status and to what must be done; pure."""

from ssd_operator.lifecycle.actions import Action, CreateJob, DeleteJob, DisownJob, ResumeJob, SuspendJob, actions_for
from ssd_operator.lifecycle.effective import effective, frozen, reopens
from ssd_operator.lifecycle.events import Event, events_between
from ssd_operator.lifecycle.inputs import Inputs, JobView, Owner, PodView
from ssd_operator.lifecycle.planning import Planner
from ssd_operator.lifecycle.run import advance, hold, is_over, reopen, with_kinds
from ssd_operator.lifecycle.stage import is_watched
from ssd_operator.lifecycle.stalling import is_asked
from ssd_operator.lifecycle.standing import Standing, standing
from ssd_operator.lifecycle.timing import expires, next_look, retry_in

__all__ = [
    "Action",
    "CreateJob",
    "DeleteJob",
    "DisownJob",
    "Event",
    "Inputs",
    "JobView",
    "Owner",
    "Planner",
    "PodView",
    "ResumeJob",
    "Standing",
    "SuspendJob",
    "actions_for",
    "advance",
    "effective",
    "events_between",
    "expires",
    "frozen",
    "hold",
    "is_asked",
    "is_over",
    "is_watched",
    "next_look",
    "reopen",
    "reopens",
    "retry_in",
    "standing",
    "with_kinds",
]
