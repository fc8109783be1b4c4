"""MLflow: runs, metrics and registered versions; the only room that imports it.

Everything here may be called again after any failure: what exists is found by tag or digest and not made twice.
`server` turns MLflow's errors into ours, `runs` finds or creates runs, `series` replays metrics, `record` writes one
experiment, `registry` versions and aliases, `lock` keeps two changes of an alias apart, `flavor` the files that make a
directory loadable, `download` the way back.
"""

from ssd_jobs.tracking.download import download_model
from ssd_jobs.tracking.record import Dataset, Entry, Recorded, StageEntry, record
from ssd_jobs.tracking.registry import Candidate, Registered, force, register, roll_back
from ssd_jobs.tracking.series import replay
from ssd_jobs.tracking.server import connect

__all__ = [
    "Candidate",
    "Dataset",
    "Entry",
    "Recorded",
    "Registered",
    "StageEntry",
    "connect",
    "download_model",
    "force",
    "record",
    "register",
    "replay",
    "roll_back",
]
