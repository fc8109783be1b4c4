"""The cells of a sweep as objects: SelfDistillations that it controls, each made under the name that the plan gives it.

The name is the lock. A resource of that name which the sweep does not control is left alone: somebody else's, or a cell
of an earlier sweep of the same name that is still on its way out.
"""

from __future__ import annotations

from collections.abc import Awaitable
from typing import TYPE_CHECKING, Any

from ssd_operator import naming
from ssd_operator.cluster.api import Api, ApiError
from ssd_operator.cluster.keys import Key, run_key
from ssd_operator.cluster.transport import Raw
from ssd_operator.lifecycle import CellView, WantedCell

if TYPE_CHECKING:
    from ssd_operator.cluster.store import Store
    from ssd_operator.cluster.sweeps import StoredSweep

__all__ = ["Cells", "sweep_of", "view_cell"]


def sweep_of(document: Raw) -> Key | None:
    """Return the sweep that controls a resource, if one does."""
    reference = _controller(document)
    if reference is None:
        return None
    return Key(naming.SWEEP_KIND, document["metadata"]["namespace"], reference["name"])


def view_cell(document: Raw) -> CellView | None:
    """Return what a sweep must know of a resource that it controls and that goes on, None of one that no sweep does."""
    reference, metadata = _controller(document), document["metadata"]
    if reference is None:
        return None
    annotations = metadata.get("annotations", {})
    return CellView(
        name=metadata["name"],
        uid=metadata["uid"],
        version=int(metadata["resourceVersion"]),
        sweep=reference["uid"],
        suspended=document["spec"].get("suspend", False),
        suspended_by_sweep=annotations.get(naming.ANNOTATION_SUSPENDED_BY) == naming.SWEEP_KIND,
        spec=annotations.get(naming.ANNOTATION_SPEC, ""),
        deleting="deletionTimestamp" in metadata,
    )


def _controller(document: Raw) -> Raw | None:
    """Return the reference to the sweep that controls a resource."""
    references: list[Raw] = document["metadata"].get("ownerReferences", [])
    for each in references:
        if each.get("controller") and each["kind"] == naming.SWEEP_KIND and each["apiVersion"] == naming.API_VERSION:
            return each
    return None


class Cells:
    """Requests about cells; whatever the API server answers is remembered."""

    def __init__(self, api: Api, store: Store) -> None:
        self._api = api
        self._store = store

    async def create(self, cell: WantedCell, sweep: StoredSweep) -> bool:
        """Make a cell, or see the one that is there; tell whether the sweep has it now."""
        try:
            answer = await self._api.create(_body(cell, sweep), owner=sweep.controller_reference())
        except ApiError as error:
            if not error.exists:
                raise
            answer = await self._api.get(naming.KIND, sweep.key.namespace, cell.name)
        self._store.put_resource(answer)
        view = view_cell(answer)
        return view is not None and view.sweep == sweep.uid

    async def change(self, view: CellView, cell: WantedCell, sweep: StoredSweep) -> None:
        """Give a cell another spec; whether it is suspended stays as it is."""
        raw = await self._api.find(naming.KIND, sweep.key.namespace, view.name)
        if raw is None or raw["metadata"]["uid"] != view.uid:
            return
        annotations = {**raw["metadata"].get("annotations", {}), naming.ANNOTATION_SPEC: cell.digest}
        spec = {**cell.spec, **({"suspend": True} if raw["spec"].get("suspend") else {})}
        body = {**raw, "metadata": {**raw["metadata"], "annotations": annotations}, "spec": spec}
        self._store.put_resource(await self._api.replace(body))

    async def suspend(self, view: CellView, sweep: StoredSweep, *, suspend: bool) -> None:
        """Stop a cell in the name of the sweep, or let it go on, if it is as it was seen."""
        mark = naming.SWEEP_KIND if suspend else None
        change = {
            "metadata": {"resourceVersion": str(view.version), "annotations": {naming.ANNOTATION_SUSPENDED_BY: mark}},
            "spec": {"suspend": suspend},
        }
        await self._change(view, sweep, self._api.patch(naming.KIND, sweep.key.namespace, view.name, change))

    async def delete(self, view: CellView, sweep: StoredSweep) -> None:
        """Delete a cell, whatever became of it since it was seen."""
        place = (naming.KIND, sweep.key.namespace, view.name)
        await self._change(view, sweep, self._api.delete(*place, preconditions={"uid": view.uid}, foreground=False))

    async def _change(self, view: CellView, sweep: StoredSweep, request: Awaitable[Raw | None]) -> None:
        """Send a change; then, or when the cell is another one by now, see it as it is."""
        try:
            answer = await request
        except ApiError as error:
            if not (error.conflict or error.missing):
                raise
            answer = None
        place = run_key(sweep.key.namespace, view.name)
        answer = answer or await self._api.find(naming.KIND, place.namespace, place.name)
        known = self._store.identity(place)
        if answer is not None:
            self._store.put_resource(answer)
        elif known is not None and known.uid == view.uid:
            self._store.drop_resource(known)


def _body(cell: WantedCell, sweep: StoredSweep) -> dict[str, Any]:
    """Return the resource of a cell."""
    return {
        "apiVersion": naming.API_VERSION,
        "kind": naming.KIND,
        "metadata": {
            "name": cell.name,
            "namespace": sweep.key.namespace,
            "labels": {
                naming.LABEL_MANAGED: naming.MANAGED_BY,
                naming.LABEL_SWEEP: naming.label_value(sweep.key.name),
            },
            "annotations": {naming.ANNOTATION_SPEC: cell.digest},
        },
        "spec": dict(cell.spec),
    }
