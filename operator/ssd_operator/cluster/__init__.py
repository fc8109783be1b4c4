"""The Kubernetes API: requests to it, and what the operator's process remembers of its objects."""

from ssd_operator.cluster.api import Api, ApiError, connect
from ssd_operator.cluster.jobs import Jobs
from ssd_operator.cluster.resources import Key, Run, Unreadable
from ssd_operator.cluster.runs import Runs
from ssd_operator.cluster.store import Store

__all__ = ["Api", "ApiError", "Jobs", "Key", "Run", "Runs", "Store", "Unreadable", "connect"]
