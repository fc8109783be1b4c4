"""Whether a plan fits into the namespace's quota: what can never run is said before anything has.

Shards may run one after the other, so a single pod must fit; the pods of a gang must fit together.
"""

from __future__ import annotations

from collections.abc import Iterator
from decimal import Decimal

from ssd_operator import manifests
from ssd_operator.lifecycle.inputs import Inputs
from ssd_operator.manifests.amounts import amount
from ssd_operator.plan import Graph, Node

__all__ = ["excess"]


def excess(graph: Graph, inputs: Inputs) -> str | None:
    """Return what asks for more than the namespace may ever have, or None."""
    for node in graph:
        together = node.tasks if node.is_gang else 1
        for name, needed in _needs(node, inputs).items():
            for quota, hard in inputs.quotas.items():
                if name in hard and needed * together > amount(hard[name]):
                    pods = f"{together} pods together" if together > 1 else "one pod"
                    return (
                        f"{node.name} needs {name} of {needed * together:f} for {pods}, "
                        f"and ResourceQuota {quota} allows {hard[name]}: ask for less, or for a larger quota"
                    )
    return None


def _needs(node: Node, inputs: Inputs) -> dict[str, Decimal]:
    """Return what one pod counts against a quota, under the quota's names."""
    total: dict[str, Decimal] = {"pods": Decimal(1)}
    for container in manifests.containers(node, inputs.place):
        for name, value in _named(container["resources"]):
            total[name] = total.get(name, Decimal(0)) + amount(value)
    return total


def _named(resources: dict[str, dict[str, str]]) -> Iterator[tuple[str, str]]:
    """Yield each amount under every name by which a quota may limit it; a limit alone is also a request."""
    limits = resources.get("limits", {})
    requests = limits | resources.get("requests", {})
    for name, value in requests.items():
        yield f"requests.{name}", value
        if name in ("cpu", "memory"):
            yield name, value
    for name, value in limits.items():
        yield f"limits.{name}", value
