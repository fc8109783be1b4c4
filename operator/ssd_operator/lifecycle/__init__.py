"""The life of a run: from the old status and what was observed to the new status and to what must be done; pure."""

from ssd_operator.lifecycle.actions import Duty, Leave, Make, Remove, Resume, Stop, duties
from ssd_operator.lifecycle.effective import effective, frozen, reopens
from ssd_operator.lifecycle.events import Happening, happenings
from ssd_operator.lifecycle.inputs import Scene
from ssd_operator.lifecycle.run import advance, graph_of, hold, is_over, reopen, with_kinds
from ssd_operator.lifecycle.stage import is_watched
from ssd_operator.lifecycle.timing import expires, is_asked, next_look
from ssd_operator.lifecycle.views import JobView, Owner, PodView, view_job, view_pod

__all__ = [
    "Duty",
    "Happening",
    "JobView",
    "Leave",
    "Make",
    "Owner",
    "PodView",
    "Remove",
    "Resume",
    "Scene",
    "Stop",
    "advance",
    "duties",
    "effective",
    "expires",
    "frozen",
    "graph_of",
    "happenings",
    "hold",
    "is_asked",
    "is_over",
    "is_watched",
    "next_look",
    "reopen",
    "reopens",
    "view_job",
    "view_pod",
    "with_kinds",
]
