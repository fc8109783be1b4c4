"""One pass over one resource: observe the cluster, decide with `lifecycle`, write the status, act."""

from ssd_operator.reconcile.at_once import AT_ONCE
from ssd_operator.reconcile.kinds import reconcilers
from ssd_operator.reconcile.progress import Workers
from ssd_operator.reconcile.reconciler import Reconciler

__all__ = ["AT_ONCE", "Reconciler", "Workers", "reconcilers"]
