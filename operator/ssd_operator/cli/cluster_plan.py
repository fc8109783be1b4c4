"""The plan of a run that is on a cluster, made again from what the API server has of it.

Nothing of the installation is in a key, so that the operator's settings need not be known.
"""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

from ssd_operator import naming, plan
from ssd_operator.lifecycle import outcome
from ssd_operator.plan.unplaced import unplaced
from ssd_operator.spec.resolved import ResolvedSpec

if TYPE_CHECKING:
    from ssd_operator.cluster import Api, Run

__all__ = ["claim_of", "frozen", "graph", "has_begun"]


def claim_of(run: Run) -> str:
    """Return the claim on which a run's results lie."""
    return naming.claim_of(run.key.name, run.claim_name)


def has_begun(run: Run) -> bool:
    """Tell whether a stage is more than planned."""
    return any(stage.phase != "Planned" for stage in run.status.stages)


async def frozen(api: Api, run: Run) -> ResolvedSpec | None:
    """Return the spec in force, None where none is, or where it may not be read."""
    from ssd_operator.cluster import ApiError, FrozenTexts

    if run.status.resolved_spec is None:
        return None
    try:
        found = await FrozenTexts(api).read(run.key.namespace, run.status.resolved_spec.config_map)
    except ApiError as error:
        if not error.refused:
            raise
        return None
    return None if found is None else ResolvedSpec.read_stored(json.loads(found.text), path="spec")


def graph(run: Run, spec: ResolvedSpec) -> plan.Graph:
    """Return the plan of a run."""
    status = run.status
    around = plan.Surroundings(
        name=run.key.name,
        uid=run.uid,
        sweep_uid=run.sweep_uid,
        digests={part: digest for each in status.stages for part, digest in each.digests.items()},
        reruns=spec.rerun.added_to(status.reruns),
        failed=outcome.for_report(status.stages),
    )
    return unplaced(spec, around)
