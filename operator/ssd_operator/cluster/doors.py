"""The door of each kind of resource: what the process keeps of what the API server sends."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Final

from ssd_operator import naming
from ssd_operator.cluster import resources
from ssd_operator.cluster.resources import Ended, Live
from ssd_operator.cluster.transport import Raw

__all__ = ["enter"]

DOORS: Final[Mapping[str, Callable[[Raw], Live | Ended]]] = {naming.KIND: resources.enter}


def enter(document: Raw) -> Live | Ended:
    """Return what is kept of a resource."""
    return DOORS[document["kind"]](document)
