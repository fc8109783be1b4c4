"""The Kubernetes API: requests to it, and what the operator's process remembers of its objects."""

from ssd_operator.cluster.api import Api, ApiError, connect
from ssd_operator.cluster.cells import Cells, sweep_of
from ssd_operator.cluster.claims import Claims
from ssd_operator.cluster.collecting import CollectingJobs
from ssd_operator.cluster.config_maps import FrozenText, FrozenTexts, stage_configs
from ssd_operator.cluster.decoding import decode
from ssd_operator.cluster.doors import Kept
from ssd_operator.cluster.events import Recorder
from ssd_operator.cluster.jobs import Jobs
from ssd_operator.cluster.keys import Key, ResourceIdentity, is_asked, key_of, run_key
from ssd_operator.cluster.leases import Lease, Leases
from ssd_operator.cluster.listing import SELECTOR, Listing, Listings
from ssd_operator.cluster.owners import owner_job
from ssd_operator.cluster.quotas import quotas
from ssd_operator.cluster.rehearsal import rehearse_pod
from ssd_operator.cluster.resources import Ended, Run
from ssd_operator.cluster.reviews import may_get
from ssd_operator.cluster.runs import Runs, change_run, list_runs, read_run, rehearse
from ssd_operator.cluster.server_clock import ServerClock
from ssd_operator.cluster.store import Store
from ssd_operator.cluster.sweeps import StoredSweep, Sweeps, list_sweeps
from ssd_operator.cluster.told_events import pod_refusal, scale_up
from ssd_operator.cluster.transport import Raw, context_namespace
from ssd_operator.cluster.unreadable import Unreadable, write_legible

__all__ = [
    "SELECTOR",
    "Api",
    "ApiError",
    "Cells",
    "Claims",
    "CollectingJobs",
    "Ended",
    "FrozenText",
    "FrozenTexts",
    "Jobs",
    "Kept",
    "Key",
    "Lease",
    "Leases",
    "Listing",
    "Listings",
    "Raw",
    "Recorder",
    "ResourceIdentity",
    "Run",
    "Runs",
    "ServerClock",
    "Store",
    "StoredSweep",
    "Sweeps",
    "Unreadable",
    "change_run",
    "connect",
    "context_namespace",
    "decode",
    "is_asked",
    "key_of",
    "list_runs",
    "list_sweeps",
    "may_get",
    "owner_job",
    "pod_refusal",
    "quotas",
    "read_run",
    "rehearse",
    "rehearse_pod",
    "run_key",
    "scale_up",
    "stage_configs",
    "sweep_of",
    "write_legible",
]
