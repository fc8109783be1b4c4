"""Laying one pod over another: the installation's under the resource's common one, that one under a stage's.

Lists that are maps in a pod (variables, volumes, mounts, claims of devices) are joined; of two entries with one name
the upper one stands. All else is laid over as everywhere.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

from ssd_operator.spec.merge import overlay
from ssd_operator.spec.pod import Pod, SealedPod
from ssd_operator.spec.walk import knows

__all__ = ["laid_under", "shared_with_programs"]

_JOINED: Final = {"env": "name", "volumes": "name", "volumeMounts": "mountPath", "resourceClaims": "name"}
"""Fields and what identifies an entry."""
_OWN: Final = frozenset({"env", "runtimeClassName"})
"""Fields that a pod with foreign programs has for itself, whatever the common one says."""


def laid_under(common: Mapping[str, Any], own: Mapping[str, Any]) -> dict[str, Any]:
    """Return a pod (as written) with what the common one says in addition."""
    merged = overlay(common, own, Pod)
    for field, key in _JOINED.items():
        lower, upper = common.get(field, []), own.get(field, [])
        taken = {entry.get(key) for entry in upper}
        if lower or upper:
            merged[field] = [entry for entry in lower if entry.get(key) not in taken] + list(upper)
    return merged


def shared_with_programs(common: Mapping[str, Any]) -> dict[str, Any]:
    """Return what a pod with foreign programs takes over from a common pod."""
    return {field: value for field, value in common.items() if knows(SealedPod, field) and field not in _OWN}
