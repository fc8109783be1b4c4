"""ConfigMaps that hold frozen specs: immutable, each with a name that derives from its content."""

from __future__ import annotations

from collections.abc import AsyncIterator
from dataclasses import dataclass

from ssd_operator import naming
from ssd_operator.cluster.api import Api
from ssd_operator.cluster.owners import OwnerReference
from ssd_operator.cluster.transport import Raw

__all__ = ["FrozenText", "FrozenTexts", "stage_configs"]

CONFIGS = f"{naming.LABEL_MANAGED}={naming.MANAGED_BY},{naming.LABEL_STAGE}"
SELECTOR = f"{naming.LABEL_MANAGED}={naming.MANAGED_BY},!{naming.LABEL_STAGE}"


@dataclass(frozen=True, slots=True)
class FrozenText:
    """A frozen spec as text."""

    namespace: str
    name: str
    text: str


class FrozenTexts:
    """Reads and creates ConfigMaps of frozen specs, or of another frozen text."""

    def __init__(self, api: Api, *, entry: str = naming.SPEC) -> None:
        self._api = api
        self._entry = entry
        """Of the ConfigMap's data."""

    async def list(self, namespace: str) -> AsyncIterator[FrozenText]:
        """Yield every frozen spec of a namespace, or of all."""
        async for raw in self._api.list("ConfigMap", namespace, selector=SELECTOR):
            if frozen := self._view(raw):
                yield frozen

    async def read(self, namespace: str, name: str) -> FrozenText | None:
        """Read a frozen spec, or return None when it is gone."""
        raw = await self._api.find("ConfigMap", namespace, name)
        return None if raw is None else self._view(raw)

    async def create(self, body: Raw, *, owner: OwnerReference) -> FrozenText:
        """Create a ConfigMap unless it is there, and return what it holds."""
        await self._api.ensure(body, owner=owner)
        metadata = body["metadata"]
        return FrozenText(metadata["namespace"], metadata["name"], body["data"][self._entry])

    def _view(self, raw: Raw) -> FrozenText | None:
        """Return the text in a ConfigMap; anyone may make one with our labels and something else in it."""
        text = (raw.get("data") or {}).get(self._entry)
        return None if text is None else FrozenText(raw["metadata"]["namespace"], raw["metadata"]["name"], text)


async def stage_configs(api: Api, namespace: str) -> AsyncIterator[tuple[str, str]]:
    """Yield the config of every stage whose Job is still there, behind the label of the run that made it."""
    async for raw in api.list("ConfigMap", namespace, selector=CONFIGS):
        text = (raw.get("data") or {}).get(naming.CONFIG)
        if text is not None:
            yield raw["metadata"]["labels"].get(naming.LABEL_EXPERIMENT, ""), text
