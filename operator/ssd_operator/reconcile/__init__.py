"""One pass over one resource, and what it needs to know, to see and to do."""

from ssd_operator.reconcile.reconciler import Reconciler

__all__ = ["Reconciler"]
