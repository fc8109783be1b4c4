"""Whether the namespace takes a plan: what can never run is said before anything has.

Shards may run one after the other, so a single pod must fit; the pods of a gang must fit together. The API server is
shown each pod, where the operator may do that: it knows LimitRanges and policies. That a quota is used up at the
moment is nothing that a plan could know about the time when a stage begins.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from decimal import Decimal
from typing import Final

from ssd_operator import manifests
from ssd_operator.lifecycle import reasons
from ssd_operator.lifecycle.inputs import Inputs
from ssd_operator.lifecycle.quoting import quoted
from ssd_operator.lifecycle.reasons import Reason
from ssd_operator.manifests.amounts import amount
from ssd_operator.plan import Graph, Node

__all__ = ["Excess", "excess"]

USED_UP: Final = "exceeded quota: "
"""In the API server's words: nothing is wrong with the pod."""
COMPUTE: Final = tuple(f"{side}{name}" for side in ("requests.", "limits.", "") for name in ("cpu", "memory"))
"""What a quota wants every container to say."""

Resources = Mapping[str, Mapping[str, str]]


@dataclass(frozen=True)
class Excess:
    """Why a stage could never run in this namespace."""

    reason: Reason
    message: str


def excess(graph: Graph, inputs: Inputs) -> Excess | None:
    """Return what the namespace would never take, or None."""
    for node in graph:
        found = _refused(node, inputs) or _too_large(node, inputs)
        if found is not None:
            return found
    return None


def _refused(node: Node, inputs: Inputs) -> Excess | None:
    """Return what the API server objects to in a stage's pod."""
    known = None if inputs.rehearsed is None else inputs.rehearsed.get(node.name)
    words = "" if known is None else known.refusal
    if not words or USED_UP in words:
        return None
    reason = reasons.EXCEEDS_QUOTA if "quota: " in words else reasons.POD_REFUSED
    remedy = "ask for something else in this stage's pod, or allow it"
    return Excess(reason, f"{node.name}: the API server refuses its pod: {quoted(words)}; {remedy}")


def _too_large(node: Node, inputs: Inputs) -> Excess | None:
    """Return what asks for more than the namespace may ever have, or does not say what a quota wants to know."""
    together = node.tasks if node.is_gang else 1
    containers = _containers(node, inputs)
    needs = _needs(containers)
    for quota, hard in inputs.quotas.items():
        for name in hard.keys() & needs.keys():
            if needs[name] * together > amount(hard[name]):
                pods = f"{together} pods together" if together > 1 else "one pod"
                return Excess(
                    reasons.EXCEEDS_QUOTA,
                    f"{node.name} needs {name} of {needs[name] * together:f} for {pods}, "
                    f"and ResourceQuota {quota} allows {hard[name]}: ask for less, or for a larger quota",
                )
        silent = [] if inputs.rehearsed else sorted(hard.keys() & {*COMPUTE} - _said_by_all(containers))
        if silent:
            return Excess(
                reasons.EXCEEDS_QUOTA,
                f"{node.name} does not say {silent[0]}, and ResourceQuota {quota} wants that of every container: "
                "write it into spec.pod.resources, or let a LimitRange give it",
            )
    return None


def _containers(node: Node, inputs: Inputs) -> Iterable[Resources]:
    """Return the resources of a pod's containers: as the API server would have them, else as they are asked for."""
    known = None if inputs.rehearsed is None else inputs.rehearsed.get(node.name)
    if known is not None and known.resources:
        return known.resources
    return [each["resources"] for each in manifests.containers(node, inputs.place)]


def _needs(containers: Iterable[Resources]) -> dict[str, Decimal]:
    """Return what one pod counts against a quota, under the quota's names."""
    total: dict[str, Decimal] = {"pods": Decimal(1)}
    for resources in containers:
        for name, value in _named(resources):
            total[name] = total.get(name, Decimal(0)) + amount(value)
    return total


def _said_by_all(containers: Iterable[Resources]) -> set[str]:
    """Return the names that every container says something about."""
    return set[str].intersection(*({name for name, _ in _named(resources)} for resources in containers))


def _named(resources: Resources) -> Iterator[tuple[str, str]]:
    """Yield each amount under every name by which a quota may limit it; a limit alone is also a request."""
    limits = resources.get("limits", {})
    requests = {**limits, **resources.get("requests", {})}
    for name, value in requests.items():
        yield f"requests.{name}", value
        if name in ("cpu", "memory"):
            yield name, value
    for name, value in limits.items():
        yield f"limits.{name}", value
