"""The door of each kind of resource: what the process keeps of what the API server sends."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Final

from ssd_operator import naming
from ssd_operator.cluster import resources, sweeps
from ssd_operator.cluster.resources import Ended, Live
from ssd_operator.cluster.sweeps import KeptSweep
from ssd_operator.cluster.transport import Raw

__all__ = ["Kept", "enter"]

Kept = Live | Ended | KeptSweep
DOORS: Final[Mapping[str, Callable[[Raw], Kept]]] = {naming.KIND: resources.enter, naming.SWEEP_KIND: sweeps.enter}


def enter(document: Raw) -> Kept:
    """Return what is kept of a resource."""
    return DOORS[document["kind"]](document)
