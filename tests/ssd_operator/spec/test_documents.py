"""The YAML reader yields what kubectl yields, and knows the lines."""

import json
from typing import Any

import pytest

from controlplane.kubectl import KubectlError
from controlplane.plane import ControlPlane
from ssd_operator.errors import InvalidDocument, Problem
from ssd_operator.spec import documents

TRAPS = {
    "5e-6": 5e-06, "1e3": 1000, "1.0": 1, "1.": 1, ".5": 0.5, "-.5": -0.5, "+.5": 0.5, "1e999": "1e999", "-0.0": 0,
    "1e20": 1e20, "123456789012345678": 123456789012345678, "18446744073709551615": 1.8446744073709552e19,
    "9223372036854775807": 9223372036854775807, "-9223372036854775808": -9223372036854775808,
    "017": 15, "-017": -15, "0o17": 15, "089": 89, "0x1F": 31, "0X1f": 31, "0b101": 5, "-0b11": -3, "1_000": 1000,
    "0x_1": 1, "_1": "_1", "1:30": "1:30", "190:20:30": "190:20:30", "1e": "1e", "+": "+", "+12": 12,
    "on": True, "Off": False, "oN": "oN", "y": True, "N": False, "yes": True, "No": False, "TRUE": True, "tRUE": "tRUE",
    "~": None, "null": None, "Null": None, "nULL": "nULL", "none": "none", "'on'": "on", '"5"': "5", "''": "",
    "2025-02-01": "2025-02-01", "2025-02-01T10:00:00Z": "2025-02-01T10:00:00Z", "2025-2-1": "2025-2-1",
    "!!str 5": "5", "!!float 5": 5, "!!int 0x10": 16, "!!bool yes": True, "!!binary aGk=": "hi", "!own 5": "5",
    "!!timestamp 2025-02-01": "2025-02-01", "! 5": "5", "'5e-6'": "5e-6", "=": "=", "<<": "<<",
    "a #b": "a", "a#b": "a#b",
    "[on, 1:30, 017]": [True, "1:30", 15],
    "{on: 1, 1.5: 2, 1e6: 3, 0x10: 4}": {"true": 1, "1.5": 2, "1e+06": 3, "16": 4},
    "{a: 1, a: 2}": {"a": 2}, "&x {a: 1}": {"a": 1}, "{a: 1, <<: {a: 2, b: 3}}": {"a": 2, "b": 3},
    "{<<: [{a: 1}, {a: 2, b: 2}], c: 3}": {"a": 1, "b": 2, "c": 3}, "{<<: {a: 1}, a: 5}": {"a": 5},
    ".5e3": 500, "1e-400": 0, "0.1": 0.1, "1.5e300": 1.5e300, "00": 0, "0": 0, "007": 7, "1e+3": 1000, "1E3": 1000,
    "{1.0: a, .1: b, 100000.5: c, 1234567.0: d, 1e25: e, 1e-5: f}": {
        "1": "a", "0.1": "b", "100000.5": "c", "1.234567e+06": "d", "1e+25": "e", "1e-05": "f",
    },
    "12e03": 12000, "1_0.5": 10.5, "._5": "._5", "0b12": "0b12", "0o8": "0o8", "0xg": "0xg", ".": ".", "..": "..",
}  # fmt: skip

BROKEN = ("!!int x", ".nan", ".inf", "-.Inf", "{? [a] : 1}", "&x [*x]", "{~: 1}", "*nowhere", "{<<: 5}",
          "!!binary '*'", "!!bool 5")  # fmt: skip


def _resource(values: list[str]) -> str:
    head = "apiVersion: selfdistill.dev/v1alpha1\nkind: SelfDistillation\nmetadata: {name: traps}\n"
    body = "".join(f"      trap{index}: {value}\n" for index, value in enumerate(values))
    return f"{head}spec:\n  storage: {{claimName: c}}\n  model:\n    chatTemplateArgs:\n{body}"


def _as_stored(digits: str) -> int | float:
    """Kubernetes keeps what does not fit into 64 bits as a float."""
    return int(digits) if -(2**63) <= int(digits) < 2**63 else float(digits)


def _traps_of(value: dict[str, Any]) -> list[Any]:
    arguments: dict[str, Any] = value["spec"]["model"]["chatTemplateArgs"]
    return [arguments[f"trap{index}"] for index in range(len(arguments))]


@pytest.mark.parametrize(("text", "meaning"), TRAPS.items(), ids=map(str, TRAPS))
def test_a_scalar_means_what_go_yaml_says(text: str, meaning: object) -> None:
    """Every known trap has the value that sigs.k8s.io/yaml gives it, type included."""
    found = documents.load(f"a: {text}\n", origin="f").value["a"]
    assert json.dumps(found) == json.dumps(meaning)


@pytest.mark.parametrize("text", BROKEN)
def test_what_has_no_json_is_refused_with_its_line(text: str) -> None:
    """A text that kubectl cannot turn into JSON is an InvalidDocument that names file and line."""
    with pytest.raises(InvalidDocument, match=r"^f\.yaml:2: "):
        documents.load(f"b: 1\na: {text}\n", origin="f.yaml")


def test_kubectl_reads_every_trap_alike(crds: ControlPlane) -> None:
    """kubectl itself turns the whole table into the same JSON."""
    text = _resource(list(TRAPS))
    printed = crds.kubectl("create", "--dry-run=client", "--validate=false", "-o", "json", manifest=text)
    ours = _traps_of(documents.load(text, origin="f").value)
    theirs = _traps_of(json.loads(printed, parse_int=_as_stored))
    assert [json.dumps(value, sort_keys=True) for value in ours] == [
        json.dumps(value, sort_keys=True) for value in theirs
    ]


@pytest.mark.parametrize("text", BROKEN)
def test_kubectl_refuses_what_we_refuse(crds: ControlPlane, text: str) -> None:
    """What is broken for us is broken for kubectl."""
    with pytest.raises(KubectlError):
        crds.kubectl("create", "--dry-run=client", "--validate=false", "-o", "json", manifest=_resource([text]))


def test_json_is_read_as_json() -> None:
    """A file that begins with a brace is JSON when it can be, whole fractions being integers as on the wire."""
    assert json.dumps(documents.load('{"a": 1.0, "b": "on", "c": [1e3]}', origin="f").value) == (
        '{"a": 1, "b": "on", "c": [1000]}'
    )


def test_only_one_document() -> None:
    """Two documents in a file are refused, an empty one beside it is not."""
    assert documents.load("---\n# nothing\n---\na: 1\n---\n", origin="f").value == {"a": 1}
    with pytest.raises(InvalidDocument, match="holds 2 documents"):
        documents.load("a: 1\n---\nb: 2\n", origin="f")
    with pytest.raises(InvalidDocument, match="holds 0 documents"):
        documents.load("# nothing\n", origin="f")


def test_every_path_has_its_line() -> None:
    """A problem is placed on the line of its field, or of the object in which it is missing."""
    document = documents.load("spec:\n  a:\n  - x: 1\n  - x: 2\n    w: {z: 3}\n", origin="f.yaml")
    assert [document.place(path) for path in ("spec.a[", "spec.]b[31m", "[", ".", "spec.a[1].w\n")] == [
        "f.yaml:2", "f.yaml:1", "f.yaml:1", "f.yaml:1", "f.yaml:4",
    ]  # fmt: skip
    places = {path: document.place(path) for path in ("spec.a[1].x", "spec.a[1].w.z", "spec.a[0].missing", "nowhere")}
    assert places == {
        "spec.a[1].x": "f.yaml:4", "spec.a[1].w.z": "f.yaml:5", "spec.a[0].missing": "f.yaml:3", "nowhere": "f.yaml:1",
    }  # fmt: skip
    assert document.sentence(Problem("spec.a", "is wrong")) == "f.yaml:2: spec.a: is wrong"


def test_aliases_cannot_eat_the_memory() -> None:
    """A document that grows without bound through its anchors is refused."""
    lines = ["a0: &a0 [1, 1, 1, 1, 1, 1, 1, 1, 1, 1]"]
    lines += [f"a{n}: &a{n} [{', '.join([f'*a{n - 1}'] * 10)}]" for n in range(1, 10)]
    with pytest.raises(InvalidDocument, match="excessive aliasing"):
        documents.load("\n".join(lines), origin="f")


@pytest.mark.parametrize("text", ["[" * 5_000, '{"a":' * 5_000], ids=["yaml", "json"])
def test_a_deep_document_is_one_sentence(text: str) -> None:
    """Nesting without end is refused like any other text that is no resource."""
    with pytest.raises(InvalidDocument, match="nested too deeply"):
        documents.load(text, origin="f")


def test_a_text_with_too_many_values_is_refused_while_it_is_read() -> None:
    """Parsing stops at a number of values that no resource has, and the line is named."""
    lines = "- 1\n" * 20_000
    with pytest.raises(InvalidDocument, match=r"^f:20000: holds more than 20000 values, too many for a resource$"):
        documents.load(lines, origin="f")
