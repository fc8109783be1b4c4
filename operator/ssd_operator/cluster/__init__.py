"""The only part of the operator that speaks to the Kubernetes API, and what it remembers of it."""

from ssd_operator.cluster.api import Api, ApiError, connect
from ssd_operator.cluster.store import Key, Store

__all__ = ["Api", "ApiError", "Key", "Store", "connect"]
