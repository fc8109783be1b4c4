"""Laws of the chart's values: legal ones give objects that a cluster takes, and none of them is without effect."""

import json
import re
from collections.abc import Iterator
from typing import Any

import pytest
import yaml

from cluster import helm

OBJECT_NAME = re.compile(r"[a-z0-9]([a-z0-9.-]{0,251}[a-z0-9])?")
SERVICE_NAME = re.compile(r"[a-z]([a-z0-9-]{0,61}[a-z0-9])?")
LABEL = re.compile(r"([A-Za-z0-9]([A-Za-z0-9_.-]{0,61}[A-Za-z0-9])?)?")
CLUSTER_WIDE = {"ClusterRole", "ClusterRoleBinding", "CustomResourceDefinition", "PriorityClass"}


@pytest.mark.parametrize("release", ["ssd", "1st", "123", "1e3", "true", "null", "on", "a.b", "x" * 53])
def test_every_release_name_makes_names_that_are_names(release: str) -> None:
    """helm takes digits, dots and the words of YAML: objects and their labels are texts that Kubernetes takes."""
    for each in helm.render(*helm.EVERYTHING, release=release, namespace="2025"):
        metadata = each["metadata"]
        assert OBJECT_NAME.fullmatch(metadata["name"])
        assert metadata.get("namespace", "2025") == "2025"
        assert each["kind"] != "Service" or SERVICE_NAME.fullmatch(metadata["name"])
        assert all(LABEL.fullmatch(value) for value in metadata.get("labels", {}).values())


def test_an_installation_without_rights_on_the_cluster() -> None:
    """Who may only write into namespaces leaves out the definition and the roles for people, and nothing else."""
    objects = helm.render("watchNamespaces={a}", "crds.enabled=false", "rbac.userRoles=false")
    assert not {each["kind"] for each in objects} & CLUSTER_WIDE
    references = [each["roleRef"]["kind"] for each in objects if each["kind"] == "RoleBinding"]
    assert set(references) == {"Role"}


def test_no_right_is_made_where_none_is_wanted() -> None:
    """Without rbac.create neither roles nor bindings come with the chart, not even for its test."""
    kinds = {each["kind"] for each in helm.render("rbac.create=false")}
    assert not [kind for kind in kinds if kind.endswith(("Role", "RoleBinding"))]


def leaves(values: dict[str, Any], path: tuple[str, ...] = ()) -> Iterator[tuple[str, ...]]:
    """Yield the path of every value."""
    for name, value in values.items():
        if isinstance(value, dict) and value:
            yield from leaves(value, (*path, name))
        else:
            yield (*path, name)


def test_every_value_is_used_and_described_by_the_schema() -> None:
    """A value that no template reads is a promise that nobody keeps; one that the schema lacks cannot be set."""
    schema = json.loads((helm.CHART / "values.schema.json").read_text())
    templates = "".join(path.read_text() for path in (helm.CHART / "templates").rglob("*") if path.is_file())
    for path in leaves(yaml.safe_load((helm.CHART / "values.yaml").read_text())):
        prefixes = [".Values." + ".".join(path[:length]) for length in range(len(path), 0, -1)]
        assert any(re.search(rf"{re.escape(prefix)}\b(?!\.)", templates) for prefix in prefixes) or (
            path[0] == "image" and "get .root.Values.image .component" in templates
        ), path
        node = schema
        for step in path:
            if "properties" not in node:
                break
            node = node["properties"][step]


def test_what_is_queried_is_measured() -> None:
    """Alerts and the dashboard ask for metrics that the operator or a worker has, under their very names."""
    from ssd_jobs.progress.metrics_server import ProgressCollector
    from ssd_jobs.progress.recorder import Progress
    from ssd_operator.lifecycle import Standing
    from ssd_operator.serve.metrics import Metrics

    metrics, progress = Metrics(), Progress()
    metrics.watch(
        depth=lambda: 0,
        runs=lambda: [Standing("Waiting", reason="Refused")],
        sweeps=lambda: [Standing("Running")],
        age=lambda: 0.0,
        unwatched=lambda: 0,
        remembered=dict[str, int],
    )
    progress.update(done=1, total=2, unit="steps", tokens_per_s=1.0, output_tokens_per_s=1.0, loss=1.0)
    known = {family.name for family in ProgressCollector(progress).collect()}
    for name, kind in re.findall(r"^# TYPE (\S+) (\S+)$", metrics.text().decode(), re.MULTILINE):
        known |= {f"{name}{suffix}" for suffix in ("_bucket", "_count", "_sum")} if kind == "histogram" else {name}
    files = ("files/rules.yaml", "files/dashboard.json")
    asked = {name for file in files for name in re.findall(r"\bssd_[a-z_]+", (helm.CHART / file).read_text())}
    assert asked <= known, asked - known
    assert asked
