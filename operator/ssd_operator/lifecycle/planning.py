"""The plan of a run as it is now, with what its status remembers of earlier stages."""

from __future__ import annotations

from collections import OrderedDict
from dataclasses import dataclass

from ssd_operator import plan
from ssd_operator.lifecycle import outcome
from ssd_operator.lifecycle.inputs import Inputs
from ssd_operator.manifests import Place
from ssd_operator.plan import Graph, Surroundings
from ssd_operator.spec.status import Status

__all__ = ["Planner"]

MOST_PLANS = 256
"""A plan holds the config of every stage, and few runs change in the same minute."""


@dataclass(frozen=True)
class _Plan:
    """A plan, and what it was made from."""

    around: Surroundings
    place: Place
    graph: Graph


class Planner:
    """Makes plans, and keeps the newest one of a run: what it is made from changes a few times in a run's life."""

    def __init__(self) -> None:
        self._plans: OrderedDict[tuple[str, str], _Plan] = OrderedDict()

    def count(self) -> int:
        """Return how many plans are kept."""
        return len(self._plans)

    def graph(self, status: Status, inputs: Inputs) -> Graph:
        """Return the plan of a run."""
        around = Surroundings(
            name=inputs.name,
            uid=inputs.uid,
            sweep_uid=inputs.sweep_uid,
            digests={part: digest for each in status.stages for part, digest in each.digests.items()},
            reruns=status.reruns,
            failed=outcome.for_report(status.stages),
        )
        run = (inputs.place.namespace, inputs.name)
        known = self._plans.pop(run, None)
        if known is None or (known.around, known.place) != (around, inputs.place):
            known = _Plan(around, inputs.place, plan.build(inputs.place.spec, around, inputs.place.platform()))
        self._plans[run] = known
        while len(self._plans) > MOST_PLANS:
            self._plans.popitem(last=False)
        return known.graph

    def forget(self, namespace: str, name: str) -> None:
        """Drop the plan of a run that is gone."""
        self._plans.pop((namespace, name), None)
