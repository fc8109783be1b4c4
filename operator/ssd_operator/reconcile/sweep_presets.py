"""What a sweep's preset said when its first cell was made: kept in a ConfigMap, as the complete spec of a run is.

A new release brings new presets, and the cells of one sweep are of one recipe. So every cell is made of the preset that
was there first, and says itself all that this said.
"""

from __future__ import annotations

from ssd_operator import manifests, naming
from ssd_operator.cluster import Api, FrozenTexts, Key, StoredSweep
from ssd_operator.errors import InvalidSpec
from ssd_operator.spec import presets
from ssd_operator.spec.presets import Preset
from ssd_operator.spec.sweep_status import PresetReference

__all__ = ["SweepPresets"]


class SweepPresets:
    """Reads and freezes the presets of sweeps; remembers what cannot change."""

    def __init__(self, api: Api) -> None:
        self._stored = FrozenTexts(api, entry=naming.PRESET)
        self._known: dict[Key, tuple[PresetReference, Preset]] = {}
        """Sweep -> where its preset is kept, and what that says."""

    def forget(self, key: Key) -> None:
        """Drop what is known of a sweep that is gone."""
        self._known.pop(key, None)

    async def in_force(self, sweep: StoredSweep) -> tuple[Preset | None, str]:
        """Return what the preset said when the sweep began, None without one, or why nobody knows that any more."""
        if not sweep.preset:
            return None, ""
        reference = sweep.status.preset
        if reference is None or reference.name != sweep.preset:
            return _of_this_release(sweep.preset), ""
        known = self._known.get(sweep.key)
        if known is not None and known[0] == reference:
            return known[1], ""
        stored = await self._stored.read(sweep.key.namespace, reference.config_map)
        preset = _of_this_release(reference.name) if stored is None else Preset(reference.name, stored.text)
        if preset is None or preset.digest != reference.digest:
            return None, _lost(reference)
        if stored is not None:
            self._known[sweep.key] = (reference, preset)
        return preset, ""

    async def freeze(self, sweep: StoredSweep, preset: Preset) -> PresetReference:
        """Keep what the preset says, and return where; once is enough."""
        name = naming.preset_config_map_name(sweep.uid, preset.digest)
        reference = PresetReference(name=preset.name, config_map=name, digest=preset.digest)
        if self._known.get(sweep.key, (None,))[0] != reference:
            body = manifests.frozen_preset(preset.text, name=name, namespace=sweep.key.namespace, sweep=sweep.key.name)
            await self._stored.create(body, owner=sweep.controller_reference())
            self._known[sweep.key] = (reference, preset)
        return reference


def _of_this_release(name: str) -> Preset | None:
    """Return a preset as this release has it, None where it has none of that name: planning says so."""
    try:
        return presets.load(name)
    except InvalidSpec:
        return None


def _lost(reference: PresetReference) -> str:
    return (
        f"ConfigMap {reference.config_map}, which held what preset {reference.name} said when the first cell was made, "
        "was deleted or changed, and this release says something else: make the sweep again under another name, which "
        "finds finished work of equal keys"
    )
