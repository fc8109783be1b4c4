"""MLflow: runs, metrics and registered versions; the only room that imports it.

Everything here may be called again after any failure: what exists is found by tag or digest and not made twice.
`server` turns MLflow's errors into ours, `runs` finds or creates runs, `series` replays metrics, `record` writes one
experiment, `standing` tells who is champion and counts looks, `registry` moves versions and aliases, `lock` keeps two
changes of an alias apart, `external` tells which weights are on a claim, `flavor` is the files that make a directory
loadable, `download` the way back.
"""

from ssd_jobs.tracking.download import download_model
from ssd_jobs.tracking.external import external_paths
from ssd_jobs.tracking.record import Dataset, Entry, Recorded, StageEntry, record
from ssd_jobs.tracking.registry import Candidate, Registered, force, register, roll_back
from ssd_jobs.tracking.series import replay
from ssd_jobs.tracking.server import connect
from ssd_jobs.tracking.standing import SCORECARD, Champion, Standing, look

__all__ = [
    "SCORECARD",
    "Candidate",
    "Champion",
    "Dataset",
    "Entry",
    "Recorded",
    "Registered",
    "StageEntry",
    "Standing",
    "connect",
    "download_model",
    "external_paths",
    "force",
    "look",
    "record",
    "register",
    "replay",
    "roll_back",
]
