"""What the pages say is so: links lead somewhere, resources and values are taken, names are those of the code."""

import json
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml

from cluster import helm
from ssd_operator.crd.definition import definition
from ssd_operator.lifecycle import reasons
from ssd_operator.lifecycle.reasons import EventReason, Reason
from ssd_operator.spec import documents, resource
from ssd_operator.spec.kinds import RUN, SWEEP
from ssd_operator.spec.sweep_resource import parse_sweep

ROOT = Path(__file__).parent.parent
PAGES = [
    *sorted(ROOT.glob("*.md")),
    *sorted(ROOT.glob("docs/*.md")),
    *sorted(ROOT.glob("charts/*/README.md")),
    *sorted(ROOT.glob("examples/*/README.md")),
]
EVERY_PAGE = pytest.mark.parametrize("page", PAGES, ids=[str(page.relative_to(ROOT)) for page in PAGES])
SPEC: dict[str, Any] = definition(RUN)["spec"]["versions"][0]["schema"]["openAPIV3Schema"]["properties"]["spec"]
VALUES: dict[str, Any] = json.loads((helm.CHART / "values.schema.json").read_text())
FOLDERS = "benchmarks|charts|crds|docs|examples|images|operator/ssd_operator|requirements|scripts|ssd_jobs|tests"
OURS = rf"(?:{FOLDERS})/[\w./-]+"


def anchors(page: Path) -> set[str]:
    """Return what a link may point at within a page, by the rule that forges share."""
    headings = re.findall(r"^#+ (.*)$", page.read_text(), re.MULTILINE)
    return {re.sub(r"[^\w\- ]", "", heading.strip().lower()).replace(" ", "-") for heading in headings}


@EVERY_PAGE
def test_every_link_leads_somewhere(page: Path) -> None:
    """A file that is linked is there, and so is the heading."""
    for link in re.findall(r"\]\(([^)\s]+)\)", page.read_text()):
        path, _, anchor = link.partition("#")
        if "://" not in link:
            target = (page.parent / path) if path else page
            assert target.exists(), link
            assert not anchor or anchor in anchors(target), link


@EVERY_PAGE
def test_every_file_and_test_that_is_named_is_there(page: Path) -> None:
    """A page that speaks of a file or of a test speaks of one that exists."""
    text = page.read_text()
    assert [path for path in re.findall(rf"`({OURS})`", text) if not (ROOT / path).exists()] == []
    sources = "".join(path.read_text() for path in (ROOT / "tests").rglob("test_*.py"))
    assert [name for name in re.findall(r"`(test_\w+)`", text) if f"def {name}(" not in sources] == []


def blocks(page: Path) -> Iterator[str]:
    """Yield the YAML of a page."""
    yield from re.findall(r"^```yaml\n(.*?)^```", page.read_text(), re.MULTILINE | re.DOTALL)


RESOURCES = [block for page in PAGES for block in blocks(page) if "kind: SelfDistillation" in block]
SETTINGS = [block for page in PAGES for block in blocks(page) if block.startswith("# values.yaml")]


@pytest.mark.parametrize("text", RESOURCES, ids=range(len(RESOURCES)))
def test_every_resource_of_the_pages_is_complete(text: str) -> None:
    """It passes every rule as it stands, over the preset that it names; of a sweep, each of its cells does."""
    value = documents.load(text, origin="page").value
    assert parse_sweep(value).cells() if value["kind"] == SWEEP.kind else resource.parse(value).resolve()


@pytest.mark.parametrize("text", SETTINGS, ids=range(len(SETTINGS)))
def test_every_values_file_of_the_pages_is_taken(text: str, tmp_path: Path) -> None:
    """helm renders the chart with it."""
    (tmp_path / "values.yaml").write_text(text)
    done = helm.run("template", "ssd", str(helm.CHART), "--values", str(tmp_path / "values.yaml"), *helm.MONITORED)
    assert done.returncode == 0, done.stderr
    assert yaml.safe_load(text)


def has(node: dict[str, Any], steps: list[str]) -> bool:
    """Tell whether a schema knows a path, as far as it says what may be there."""
    for step in steps:
        node = node.get("items", node)
        if "properties" not in node:
            return True
        if step not in node["properties"]:
            return False
        node = node["properties"][step]
    return True


@pytest.mark.parametrize("name", ["quickstart", "installation", "troubleshooting", "upgrading"])
def test_every_field_and_value_that_is_named_exists(name: str) -> None:
    """A dotted name is a value of the chart, or a field of the resource."""
    text = (ROOT / "docs" / f"{name}.md").read_text()
    found = 0
    for written in re.findall(r"`([a-zA-Z]+(?:\.[a-zA-Z]+)+)[=:`]", text):
        steps = written.removeprefix("spec.").split(".")
        if steps[0] in {*VALUES["properties"], *SPEC["properties"]}:
            assert has(VALUES, steps) or has(SPEC, steps), written
            found += 1
    assert found or name == "upgrading"


def test_every_reason_is_given() -> None:
    """What the tables of reasons explain is what a condition or an event can have: each constant is used."""
    modules = (ROOT / "operator" / "ssd_operator").rglob("*.py")
    used = set(re.findall(r"\breasons\.([A-Z_]+)\b", "".join(path.read_text() for path in modules)))
    constants = {name for name, each in vars(reasons).items() if isinstance(each, Reason | EventReason)}
    assert used - {"CONDITION_REASONS"} == constants
