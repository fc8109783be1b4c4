"""The Kubernetes API: requests to it, and what the operator's process remembers of its objects."""

from ssd_operator.cluster.api import Api, ApiError, connect
from ssd_operator.cluster.jobs import Jobs
from ssd_operator.cluster.listing import SELECTOR, Listing, Listings
from ssd_operator.cluster.resources import Ended, Key, Live, ResourceIdentity, Run, Unreadable
from ssd_operator.cluster.runs import Runs, read_run
from ssd_operator.cluster.store import Store
from ssd_operator.cluster.transport import Raw

__all__ = [
    "SELECTOR",
    "Api",
    "ApiError",
    "Ended",
    "Jobs",
    "Key",
    "Listing",
    "Listings",
    "Live",
    "Raw",
    "ResourceIdentity",
    "Run",
    "Runs",
    "Store",
    "Unreadable",
    "connect",
    "read_run",
]
