"""The Kubernetes API: requests to it, and what the operator's process remembers of its objects."""

from ssd_operator.cluster.api import Api, ApiError, connect
from ssd_operator.cluster.store import Key, Store

__all__ = ["Api", "ApiError", "Key", "Store", "connect"]
