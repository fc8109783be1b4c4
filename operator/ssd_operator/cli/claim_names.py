"""What the runs of a namespace name on one claim: what is to stay when the rest is removed.

A claim belongs to its namespace, so the runs of that one are all that can name anything on it. A run that cannot be
read, or that does not know yet what it will find, keeps everything.
"""

from __future__ import annotations

import json
import re
from collections import defaultdict
from collections.abc import Collection, Iterator, Mapping
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from ssd_jobs import contract
from ssd_operator import naming
from ssd_operator.cli import cluster_plan
from ssd_operator.errors import Busy, InvalidSpec
from ssd_operator.lifecycle import effective, is_over
from ssd_operator.lifecycle.inputs import moment
from ssd_operator.plan import Surroundings, named
from ssd_operator.plan.unplaced import unplaced
from ssd_operator.spec import resource

if TYPE_CHECKING:
    from ssd_operator.cluster import Api, Run, StoredSweep

__all__ = ["ARTIFACT", "named_on"]

ARTIFACT = re.compile(
    rf"(?:{'|'.join(sorted({folder for kind in contract.ARTIFACTS.values() for folder in kind.folders}))})"
    rf"/[0-9a-f]{{{contract.KEY_DIGITS}}}"
)
"""How a config, or a status, names an artifact, whatever the field."""


async def named_on(api: Api, namespace: str, claim: str, *, uris: Collection[str]) -> contract.NamedArtifacts:
    """Return what is named on a claim, and which MLflow servers may know of weights on it."""
    from ssd_operator.cluster import Run, StoredSweep, list_runs, list_sweeps, stage_configs

    whole, results, servers = set[str](), set[str](), set(uris)
    sweeps = [each for each in await list_sweeps(api, namespace) if not isinstance(each, StoredSweep) or each.is_live]
    wanted = {each.uid for each in sweeps}
    configs = defaultdict[str, list[str]](list)
    async for run_label, config in stage_configs(api, namespace):
        configs[run_label].append(config)
        servers.update(_server_in(json.loads(config)))
    for run in await list_runs(api, namespace):
        if not isinstance(run, Run):
            raise Busy(f"{run.key.name}: what it names is not known, because it cannot be read: {run.error}")
        if cluster_plan.claim_of(run) == claim:
            names, keeps_results_alone = await _of_run(api, run, is_wanted=run.sweep_uid in wanted)
            told = configs.pop(naming.label_value(run.key.name), [])
            (results if keeps_results_alone else whole).update(names, *map(ARTIFACT.findall, told))
            servers.update(_servers(run))
    whole.update(name for each in sweeps if isinstance(each, StoredSweep) for name in _of_cells(each, claim))
    whole.update(name for told in configs.values() for config in told for name in ARTIFACT.findall(config))
    return contract.NamedArtifacts(
        named=tuple(sorted(whole)),
        results_of=tuple(sorted(results - whole)),
        claim=claim,
        tracking_uris=tuple(sorted(servers)),
    )


async def _of_run(api: Api, run: Run, *, is_wanted: bool) -> tuple[set[str], bool]:
    """Return what a run names, by its plan and by its status, and whether it keeps its results alone."""
    begun = await cluster_plan.frozen(api, run) if cluster_plan.has_begun(run) else None
    spec = effective(begun, run.resolve())
    graph = cluster_plan.graph(run, spec)
    over = is_over(run.status)
    if not over and not run.planning and any(node.provisional for node in graph):
        raise Busy(
            f"{run.key.name}: what it names on the claim is known once prepare is done; wait for it, or delete it"
        )
    known = {artifact.path for node in graph if not node.provisional for artifact in node.artifacts}
    done = run.status.completion_time
    over_for_s = (datetime.now(tz=UTC) - moment(done)).total_seconds() if over and done and not is_wanted else None
    told = set(ARTIFACT.findall(run.status.model_dump_json()))
    return known | told, named.keeps_results_alone(spec.storage, over_for_s=over_for_s)


def _of_cells(sweep: StoredSweep, claim: str) -> Iterator[str]:
    """Yield what the cells of a sweep name, also those that have yet to be made, as far as that is known before."""
    try:
        cells = sweep.parse().cells()
    except InvalidSpec:
        return  # it makes no cells until it is corrected
    for cell in cells:
        head = {"apiVersion": naming.API_VERSION, "kind": naming.KIND, "metadata": {"name": cell.name}}
        try:
            spec = resource.parse({**head, "spec": cell.spec}).resolve()
        except InvalidSpec:
            continue  # a round that begins from what the one before it will have made
        if naming.claim_of(cell.name, spec.storage.claim_name) == claim:
            graph = unplaced(spec, Surroundings(cell.name, "", sweep_uid=sweep.uid, digests={}))
            yield from (artifact.path for node in graph if not node.provisional for artifact in node.artifacts)


def _servers(run: Run) -> Iterator[str]:
    """Yield the MLflow servers that a run has reported to, or will."""
    if run.status.tracking is not None and "/#/" in run.status.tracking.url:
        yield run.status.tracking.url.split("/#/")[0]
    if run.tracking_uri:
        yield run.tracking_uri


def _server_in(config: Mapping[str, Any]) -> Iterator[str]:
    """Yield the MLflow server that a stage's config names."""
    uri = (config.get("execution", {}).get("tracking") or {}).get("uri")
    if uri:
        yield str(uri)
