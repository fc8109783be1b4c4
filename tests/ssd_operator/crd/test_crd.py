"""The definition: structural, bounded, described, current, and useful to a person with kubectl."""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any, Literal

import pytest
from pydantic import BaseModel, Field

from controlplane import definitions
from controlplane.kubectl import Kubectl
from controlplane.plane import ControlPlane
from controlplane.waiting import wait_until
from ssd_operator.crd.__main__ import main, rendered
from ssd_operator.crd.definition import definition
from ssd_operator.crd.structural import structural
from ssd_operator.spec import documents, resource, scalar_words
from ssd_operator.spec.kinds import RESOURCE_KINDS, RUN, ResourceKind
from ssd_operator.spec.status import Status

EVERY_KIND = pytest.mark.parametrize("kind", RESOURCE_KINDS.values(), ids=lambda row: row.short_name)
ROOT = Path(__file__).parents[3]
NAME = f"{resource.PLURAL}.{resource.GROUP}"
RESOURCE = """\
apiVersion: selfdistill.dev/v1alpha1
kind: SelfDistillation
metadata: {name: demo}
spec:
  preset: toy
  storage: {claimName: experiments}
  model: {chatTemplateArgs: {deep: [1, {a: null, b: 1.5}], text: "on"}}
  training: {learningRate: 5e-6, betas: [0.9, 0.95]}
"""


def _version(kind: ResourceKind = RUN) -> dict[str, Any]:
    version: dict[str, Any] = definition(kind)["spec"]["versions"][0]
    return version


def _nodes(node: dict[str, Any], path: str) -> Iterator[tuple[str, dict[str, Any]]]:
    yield path, node
    for name, below in node.get("properties", {}).items():
        yield from _nodes(below, f"{path}.{name}")
    for key in ("items", "additionalProperties"):
        if isinstance(node.get(key), dict):
            yield from _nodes(node[key], f"{path}[]")


def _spec_and_status() -> list[tuple[str, dict[str, Any]]]:
    """Return every field of every kind of resource."""
    found = []
    for row in RESOURCE_KINDS.values():
        properties = _version(row)["schema"]["openAPIV3Schema"]["properties"]
        found += [each for part in ("spec", "status") for each in _nodes(properties[part], f"{row.short_name}.{part}")]
    return found


def test_the_file_is_current(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """The committed definition is what the models say, and --check notices when it is not."""
    assert main(["--check", "--folder", str(ROOT / "crds")]) == 0
    assert main(["--folder", str(tmp_path)]) == 0
    file, *_ = sorted(tmp_path.iterdir())
    file.write_text(file.read_text() + "\n")
    assert main(["--check", "--folder", str(tmp_path)]) == 1
    assert capsys.readouterr().err == f"{file} is stale: run python -m ssd_operator.crd\n"


@EVERY_KIND
def test_the_file_means_what_was_rendered(kind: ResourceKind) -> None:
    """kubectl reads the YAML as the very definition: no word turned into a boolean, no number into a text."""
    assert documents.load(rendered(kind), origin="crd").value == json.loads(json.dumps(definition(kind)))


@EVERY_KIND
def test_it_is_small_enough(kind: ResourceKind) -> None:
    """It fits the annotation of a client-side apply (262,144 bytes, as JSON) with room to grow."""
    assert len(json.dumps(definition(kind))) < 220_000


def test_everything_has_a_maximum() -> None:
    """Every text, list and map is bounded, else the API server takes the worst for the cost of a rule."""
    for path, node in _spec_and_status():
        if node.get("type") == "string":
            assert {"maxLength", "enum"} & node.keys(), path
        elif node.get("type") == "array":
            assert "maxItems" in node, path
        elif node.get("type") == "object" and "properties" not in node:
            assert "maxProperties" in node, path
        elif node.get("type") in ("integer", "number"):
            assert {"minimum", "maximum"} <= node.keys(), path


def test_the_api_server_writes_no_default() -> None:
    """A default in the definition would be written into the object and hide the preset."""
    assert [path for path, node in _spec_and_status() if "default" in node] == []


def test_every_field_is_explained() -> None:
    """Each field has a sentence that begins with a capital letter and ends with a full stop."""
    for path, node in _spec_and_status():
        if not path.endswith("[]"):
            assert node["description"][0].isupper(), path
            assert node["description"].endswith("."), path


def test_no_enum_value_is_a_boolean_word() -> None:
    """Written without quotes every value of an enumeration is a text, never true or null."""
    for path, node in _spec_and_status():
        for value in node.get("enum", []):
            if value not in ("", "True", "False"):
                assert scalar_words.meaning(value, scalar_words.PLAIN) == value, path


@pytest.mark.parametrize(
    ("annotation", "schema"),
    [
        (bool, {"type": "boolean"}),
        (int | None, {"type": "integer"}),
        (Literal["only"], {"type": "string", "enum": ["only"]}),
        (list[int], {"type": "array", "items": {"type": "integer"}}),
        (dict[str, bool], {"type": "object", "additionalProperties": {"type": "boolean"}}),
    ],
    ids=["bool", "optional", "one-value", "list", "map"],
)
def test_what_has_a_structural_schema(annotation: Any, schema: dict[str, Any]) -> None:
    """Null, constants and references become what an API server takes."""
    model = type("Model", (BaseModel,), {"__annotations__": {"title": annotation}})
    assert structural(model)["properties"]["title"] == schema


def test_exclusive_bounds_are_flags() -> None:
    """OpenAPI 3.0 says `exclusiveMinimum: true` beside the minimum."""
    model = type("Model", (BaseModel,), {"__annotations__": {"x": float}, "x": Field(gt=0, lt=1)})
    assert structural(model)["properties"]["x"] == {
        "type": "number", "minimum": 0, "exclusiveMinimum": True, "maximum": 1, "exclusiveMaximum": True,
    }  # fmt: skip


@pytest.mark.parametrize("annotation", [int | str, tuple[int, str], Any, set[int]], ids=str)
def test_what_has_none_is_refused(annotation: Any) -> None:
    """What a structural schema cannot say is refused with the path to the field."""
    model = type("Model", (BaseModel,), {"__annotations__": {"x": annotation}})
    with pytest.raises(TypeError, match=r"^Model\.x: "):
        structural(model)


def test_the_api_server_accepts_it(crds: ControlPlane) -> None:
    """Established, its names accepted, its schema structural."""
    conditions = crds.kubectl.get("crd", NAME)["status"]["conditions"]
    states = {condition["type"]: condition["status"] for condition in conditions}
    assert states["Established"] == states["NamesAccepted"] == "True"
    assert states.get("NonStructuralSchema", "False") == "False"


def test_explain_is_useful(crds: ControlPlane) -> None:
    """`kubectl explain` says what a field does, its default, and its values."""
    kubectl = crds.kubectl
    assert "Divides the logits before the truncation; 0 is greedy." in kubectl(
        "explain", "sd.spec.sampling.temperature"
    )
    assert "Default: 2500." in kubectl("explain", "sd.spec.training.steps")
    words = kubectl("explain", "sd.spec.curation.filter").split()
    assert words[words.index("ENUM:") + 1 :][:5] == ["None", "Stub", "Shortest", "Syntax", "Execution"]


def test_an_object_survives_get_and_replace(crds: ControlPlane, kubectl: Kubectl) -> None:
    """What was stored is what was written, and writing it back changes nothing."""
    kubectl("create", manifest=RESOURCE)
    stored = kubectl.get("sd", "demo")
    assert stored["spec"] == documents.load(RESOURCE, origin="f").value["spec"]
    kubectl("replace", manifest=json.dumps(stored))
    again = kubectl.get("sd", "demo")
    assert again["spec"] == stored["spec"]
    assert again["metadata"]["generation"] == stored["metadata"]["generation"] == 1
    assert resource.parse(again).generation == 1


def test_a_table_tells_the_story(crds: ControlPlane, kubectl: Kubectl) -> None:
    """`kubectl get sd` shows where the run stands and what was found; `kubectl get ml` says which kind it is, too."""
    kubectl("create", manifest=RESOURCE)
    status = {
        "phase": "Succeeded", "model": "toy", "stage": "Report", "progress": "125/125 steps",
        "results": [
            {"benchmark": "b", "grading": "LCB", "base": {"passAt1": "0.389"}, "candidate": {"passAt1": "0.671"}},
        ],
        "promotion": {"decision": "Promoted"}, "tracking": {"runId": "abc"}, "restarts": 2,
        "conditions": [{"type": "Progressing", "status": "False", "reason": "Finished"}],
    }  # fmt: skip
    kubectl("patch", "sd", "demo", "--subresource=status", "--type=merge", f"--patch={json.dumps({'status': status})}")
    header, row = kubectl("get", "sd", "-o", "wide").splitlines()
    assert header.split() == [
        "NAME",
        "PHASE",
        "REASON",
        "STAGE",
        "PROGRESS",
        "BASE",
        "CANDIDATE",
        "AGE",
        "MESSAGE",
        "QUEUE",
        "RESTARTS",
        "MODEL",
        "PROMOTED",
        "RUN",
    ]
    assert row.split()[:8] == ["demo", "Succeeded", "Finished", "Report", "125/125", "steps", "0.389", "0.671"]
    assert row.split()[9:] == ["2", "toy", "Promoted", "abc"]
    assert kubectl("get", "sd").splitlines()[0].split()[-1] == "AGE"
    assert kubectl("get", "ml").splitlines()[1].split()[0] == "selfdistillation.selfdistill.dev/demo"


def test_status_is_a_subresource(crds: ControlPlane, kubectl: Kubectl) -> None:
    """A user's status is dropped, and the operator's does not count as a change of the spec."""
    kubectl("create", manifest=f"{RESOURCE}status: {{phase: Succeeded}}\n")
    assert "status" not in kubectl.get("sd", "demo")
    kubectl("patch", "sd", "demo", "--subresource=status", "--type=merge", '--patch={"status": {"phase": "Running"}}')
    stored = kubectl.get("sd", "demo")
    assert (stored["status"], stored["metadata"]["generation"]) == ({"phase": "Running"}, 1)
    assert resource.parse(stored).status.phase == "Running"


def _full(node: dict[str, Any]) -> Any:
    """Return a value with every field of a schema set."""
    if "properties" in node:
        return {name: _full(below) for name, below in node["properties"].items()}
    if node["type"] == "array":
        return [_full(node["items"])]
    if node["type"] == "object":
        return {"key": _full(node["additionalProperties"])}
    if node.get("format") == "date-time":
        return "2026-01-02T03:04:05Z"
    return node["enum"][-1] if "enum" in node else {"integer": 3, "boolean": True, "string": "x"}[node["type"]]


def test_a_complete_status_is_kept(crds: ControlPlane, kubectl: Kubectl) -> None:
    """Everything the operator can say fits the definition and comes back as it was said."""
    full = _full(_version()["schema"]["openAPIV3Schema"]["properties"]["status"])
    said = Status.read(full, path="status")
    assert said.document() == full
    kubectl("create", manifest=RESOURCE)
    patch = json.dumps({"status": said.document()})
    kubectl("patch", "sd", "demo", "--subresource=status", "--type=merge", f"--patch={patch}")
    stored = kubectl.get("sd", "demo")
    assert stored["status"] == full
    assert resource.parse(stored).status == said


def _in_another_group(crd: dict[str, Any], group: str) -> dict[str, Any]:
    """Return a definition beside ours, that a test may change."""
    spec = crd["spec"] | {"group": group, "names": {**crd["spec"]["names"], "shortNames": [], "categories": []}}
    return crd | {"metadata": {"name": f"{resource.PLURAL}.{group}"}, "spec": spec}


def _newer_definition() -> dict[str, Any]:
    """Return our definition as a later version might have it: one phase and one field more."""
    newer: dict[str, Any] = json.loads(json.dumps(definition(RUN)))
    stage = newer["spec"]["versions"][0]["schema"]["openAPIV3Schema"]["properties"]["status"]["properties"]["stages"]
    stage["items"]["properties"]["phase"]["enum"].append("Paused")
    stage["items"]["properties"]["pausedBy"] = {"type": "string", "maxLength": 10}
    return newer


def test_a_newer_status_can_be_written_back(crds: ControlPlane, kubectl: Kubectl, tmp_path: Path) -> None:
    """After going back to this definition, a stored status with a newer phase is still read, changed and accepted."""
    group = f"{kubectl.namespace}.example.com"
    stages = [{"name": "a", "phase": "Paused", "pausedBy": "me"}, {"name": "b", "phase": "Planned"}]
    file, kind = tmp_path / "crd.json", f"{resource.PLURAL}.{group}"
    file.write_text(json.dumps(_in_another_group(_newer_definition(), group)))
    definitions.install(crds.kubectl, [file])
    kubectl("create", manifest=RESOURCE.replace(resource.GROUP, group))
    kubectl("patch", kind, "demo", "--subresource=status", "--type=merge",
            f"--patch={json.dumps({'status': {'stages': stages}})}")  # fmt: skip
    crds.kubectl("replace", manifest=_in_another_group(definition(RUN), group))
    wait_until(lambda: "pausedBy" not in kubectl.get(kind, "demo")["status"]["stages"][0], what="the older definition")
    stored = kubectl.get(kind, "demo")
    was = Status.read(stored["status"], path="status")
    now = was.model_copy(update={"stages": (was.stages[0], was.stages[1].model_copy(update={"phase": "Running"}))})
    body = json.dumps(stored | {"status": now.document()})
    kubectl("replace", "--subresource=status", manifest=body)
    assert [each["phase"] for each in kubectl.get(kind, "demo")["status"]["stages"]] == ["Paused", "Running"]
    crds.kubectl("delete", "crd", kind, "--wait=false")
