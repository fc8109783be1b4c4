"""The file for kube-state-metrics speaks of what there is: every path and every word is one of the definition."""

from collections.abc import Iterator
from typing import Any

import yaml

from cluster import helm
from ssd_operator.crd.definition import definition
from ssd_operator.spec.answer import PHASES
from ssd_operator.spec.kinds import RUN

DEFINITION = definition(RUN)["spec"]
SCHEMA: dict[str, Any] = DEFINITION["versions"][0]["schema"]["openAPIV3Schema"]
METADATA = {"name": {"type": "string"}, "namespace": {"type": "string"}}
[RESOURCE] = yaml.safe_load((helm.CHART / "files" / "kube-state-metrics.yaml").read_text())["spec"]["resources"]
KINDS = {"Info": "info", "StateSet": "stateSet", "Gauge": "gauge"}
NUMBERS = {"integer", "string"}
"""A string is a time, or the status of a condition."""


def at(node: dict[str, Any], path: list[str]) -> dict[str, Any]:
    """Return the schema at a path; of a list, that of an entry."""
    for step in path:
        node = (
            {**node["properties"], "metadata": {"properties": METADATA}}[step]
            if node is SCHEMA
            else node["properties"][step]
        )
    entry: dict[str, Any] = node.get("items", node)
    return entry


def metrics() -> Iterator[tuple[dict[str, Any], dict[str, Any]]]:
    """Yield each metric's settings, and the schema of what its path leads to."""
    for metric in RESOURCE["metrics"]:
        settings = metric["each"][KINDS[metric["each"]["type"]]]
        yield settings, at(SCHEMA, settings.get("path", []))


def test_the_kind_is_ours() -> None:
    """Group, version and kind are those of the definition."""
    [version] = DEFINITION["versions"]
    kind = {"group": DEFINITION["group"], "version": version["name"], "kind": DEFINITION["names"]["kind"]}
    assert RESOURCE["groupVersionKind"] == kind


def test_every_path_leads_to_a_field() -> None:
    """A label or a value whose field is renamed would vanish from the dashboards without a word."""
    for path in RESOURCE["labelsFromPath"].values():
        assert at(SCHEMA, path)["type"] == "string"
    for settings, found in metrics():
        for path in settings.get("labelsFromPath", {}).values():
            assert at(found, path)["type"] == "string"
        if "valueFrom" in settings:
            assert at(found, settings["valueFrom"])["type"] in NUMBERS


def test_every_phase_is_listed() -> None:
    """A phase that the list lacks would have no series that is 1."""
    [states] = [metric["each"]["stateSet"] for metric in RESOURCE["metrics"] if metric["each"]["type"] == "StateSet"]
    assert tuple(states["list"]) == tuple(filter(None, PHASES))


def test_names_are_those_of_prometheus() -> None:
    """Every metric has help, a name of its own, and seconds where it is a time."""
    names = [metric["name"] for metric in RESOURCE["metrics"]]
    assert len(set(names)) == len(names)
    assert all(metric["help"] for metric in RESOURCE["metrics"])
    for metric, (settings, found) in zip(RESOURCE["metrics"], metrics(), strict=True):
        value = at(found, settings["valueFrom"]) if "valueFrom" in settings else {}
        assert (value.get("format") == "date-time") == metric["name"].endswith("_time_seconds") or "deadline" in metric[
            "name"
        ]
