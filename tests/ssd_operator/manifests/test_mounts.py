"""Laws of what a pod sees of the workspace, over every preset and every stage."""

import re
from typing import Any

import pytest

from cluster import plans
from configs.plans import ASSERTED
from ssd_jobs import contract
from ssd_operator.manifests import mounts
from ssd_operator.plan import Node
from ssd_operator.spec import presets

FOLDERS = "|".join({folder for each in contract.ARTIFACTS.values() for folder in each.folders})
PATH = re.compile(rf"\"((?:{FOLDERS})/[0-9a-f]{{32}})[\"/]")
"""How a config names an artifact, whatever the field."""
EVERY_PRESET = pytest.mark.parametrize("preset", sorted(presets.names()))


def nodes(preset: str) -> tuple[Node, ...]:
    """Return the stages of a preset, with those that are off by default."""
    sections: dict[str, Any] = {"evaluation": ASSERTED} if preset == "toy" else {}
    return plans.graph(plans.place(preset=preset, analysis={}, **sections)).nodes


def seen(node: Node) -> dict[str, bool]:
    """Return the roots that a pod sees, and whether it sees them read-only."""
    return {each["subPath"]: each["readOnly"] for each in mounts.mounts(node)}


def roots(paths: set[str]) -> set[str]:
    """Return the roots of these paths."""
    return {path.split("/")[0] for path in paths}


@EVERY_PRESET
def test_a_pod_sees_every_path_of_its_config(preset: str) -> None:
    """What a config names is mounted: what the stage makes for writing, everything else read-only."""
    for node in nodes(preset):
        named, made = set(PATH.findall(contract.dump(node.config))), {each.path for each in node.artifacts}
        assert made <= named
        assert {root for root, read_only in seen(node).items() if not read_only} == roots(made)
        assert {root for root, read_only in seen(node).items() if read_only} >= roots(named - made) - roots(made)


@EVERY_PRESET
def test_a_pod_sees_no_root_that_its_kind_never_names(preset: str) -> None:
    """A root is mounted because a config of some stage of that kind and arm names a path below it."""
    for node in nodes(preset):
        unnamed = seen(node).keys() - roots(set(PATH.findall(contract.dump(node.config))))
        assert not unnamed, node.name


@EVERY_PRESET
def test_expected_outputs_are_seen_where_they_are_written_and_where_programs_are_judged(preset: str) -> None:
    """Beside prepare's, only a pod with a sandbox has the root with expected outputs, and cannot change them."""
    for node in nodes(preset):
        judges = isinstance(node.config, contract.GradeConfig | contract.ReferenceConfig)
        assert ("tests" in seen(node)) == (judges or isinstance(node.config, contract.PrepareConfig))
        assert seen(node).get("tests", True) == (not isinstance(node.config, contract.PrepareConfig))
