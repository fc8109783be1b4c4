"""`ssd explain` knows every field, and says what `kubectl explain` says."""

import json
from collections.abc import Iterator
from typing import Any

from typer.testing import CliRunner

from processes.program import ssd
from ssd_operator.cli.app import app
from ssd_operator.crd.definition import definition
from ssd_operator.spec.kinds import RESOURCE_KINDS
from ssd_operator.spec.parts import leaves
from ssd_operator.spec.resolved import ResolvedSpec


def explained(field: str) -> dict[str, Any]:
    """Ask for programs."""
    done = CliRunner().invoke(app, ["explain", field, "-o", "json"])
    assert done.exit_code == 0, done.output
    told: dict[str, Any] = json.loads(done.output)
    return told


def fields(schema: dict[str, Any], path: str, depth: int) -> Iterator[tuple[str, dict[str, Any]]]:
    """Yield the fields of a schema with their paths, as deep as asked."""
    for name, field in schema.get("items", schema).get("properties", {}).items():
        yield f"{path}{name}", field
        if depth:
            yield from fields(field, f"{path}{name}.", depth - 1)


def test_the_fields_of_each_kind_are_known_with_their_words() -> None:
    """Every section is found by its path, and lists its fields with the words of the definition."""
    for kind in RESOURCE_KINDS.values():
        [version] = definition(kind)["spec"]["versions"]
        schema = version["schema"]["openAPIV3Schema"]
        for path, field in fields(schema, "", 1):
            told = explained(f"{kind.short_name}.{path}")
            assert told.get("description", "") == " ".join(field.get("description", "").split())
            names = [name for name, _ in fields(field, "", 0)]
            assert [each["name"] for each in told.get("fields", ())] == names


def test_a_fields_mark_is_told() -> None:
    """What a field is to a run stands beside its meaning; a path needs neither kind nor spec before it."""
    leaf = next(leaf for leaf in leaves(ResolvedSpec) if leaf.path == ("sampling", "temperature"))
    assert explained("sampling.temperature")["mark"] == leaf.mark.value
    assert explained("sd.spec.sampling.temperature") == explained("sampling.temperature")


def test_the_values_of_a_lists_entries_are_told() -> None:
    """A list of words says which ones."""
    assert explained("evaluation.benchmarks.grading")["limits"]["enum"] == ["Process", "LCB", "Answer", "Input"]


def test_a_misspelled_field_is_one_sentence() -> None:
    """It says where the path ends and which field is meant."""
    done = ssd("explain", "spec.sampling.temprature")
    assert done.returncode == 64
    assert done.stderr.strip() == "SelfDistillation.spec.sampling.temprature: no such field; is temperature meant?"
