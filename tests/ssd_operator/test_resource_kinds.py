"""The table of resource kinds is whole: whatever the operator does for one kind, it does for each."""

from typing import Any

from cluster.charts import rights
from cluster.memory import Memory
from cluster.world import nobody_answers
from ssd_operator import naming
from ssd_operator.cluster import Api, Store
from ssd_operator.cluster.doors import DOORS
from ssd_operator.cluster.paths import KINDS
from ssd_operator.crd.definition import definition
from ssd_operator.reconcile import reconcilers
from ssd_operator.settings import Settings
from ssd_operator.spec.kinds import RESOURCE_KINDS


def ignored(*_statuses: Any) -> None:
    """Note no change."""


def test_every_kind_is_served() -> None:
    """It has a path, a door, a reconciler and a definition."""
    kinds = set(RESOURCE_KINDS)
    assert set(DOORS) == kinds
    assert set(reconcilers(Api(Memory()), Store(), Settings(), fetch=nobody_answers, changed=ignored)) == kinds
    assert kinds <= set(KINDS)
    for row in RESOURCE_KINDS.values():
        assert definition(row)["spec"]["names"]["kind"] == row.kind
        assert KINDS[row.kind].path("lab") == f"/apis/{naming.API_VERSION}/namespaces/lab/{row.plural}"


def test_the_chart_lets_the_operator_see_every_kind() -> None:
    """It may watch each, and write its status."""
    rules = rights("lab")[0]["rules"]
    granted = {(verb, name) for rule in rules for name in rule["resources"] for verb in rule["verbs"]}
    for row in RESOURCE_KINDS.values():
        assert {("list", row.plural), ("watch", row.plural), ("update", f"{row.plural}/status")} <= granted
