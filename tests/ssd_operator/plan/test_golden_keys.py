"""Keys of today are keys of tomorrow: what is stored under them is found by every later version."""

import json
from pathlib import Path

import pytest

from configs import plans
from ssd_operator.cli import document
from ssd_operator.spec import presets
from ssd_operator.spec.resolved import ResolvedSpec

ROOT = Path(__file__).resolve().parents[3]
GOLDEN = Path(__file__).parent / "golden_keys.json"
"""Keys as they were before the table of stages: a new one is written by hand, in the commit that says why."""
EXAMPLES = tuple(
    sorted(
        str(each.relative_to(ROOT))
        for each in ROOT.glob("examples/*/*.yaml")
        if not document.is_sweep(each.read_text(), origin=each.name)
    )
)


def spec_of(case: str) -> ResolvedSpec:
    """Return the spec of an example, or of a preset with every stage turned on."""
    if case in EXAMPLES:
        return document.read(ROOT / case)[1]
    return plans.spec(preset=case, analysis={})


def identities(case: str) -> dict[str, object]:
    """Return every key and every directory of a run, after prepare has resolved what can move."""
    spec = spec_of(case)
    graph = plans.graph(spec, digests=plans.digests(spec))
    return {node.name: {"key": node.key, "artifacts": [each.path for each in node.artifacts]} for node in graph}


def test_every_example_and_every_preset_has_golden_keys() -> None:
    """An example or a preset without golden keys would be the one whose results are lost."""
    assert json.loads(GOLDEN.read_text()).keys() == {*EXAMPLES, *presets.names()}


@pytest.mark.parametrize("case", [*EXAMPLES, *sorted(presets.names())])
def test_stored_artifacts_are_still_found(case: str) -> None:
    """The keys of the examples and presets, and the directories that carry them, are those of the first release."""
    assert identities(case) == json.loads(GOLDEN.read_text())[case]
