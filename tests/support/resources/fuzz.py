"""Random resources drawn from the definition's own schema: mostly right, sometimes a little wrong."""

import random
from typing import Any

from ssd_operator.crd.definition import definition
from ssd_operator.spec import resource as kinds
from ssd_operator.spec.kinds import RUN

__all__ = ["resource"]

_SPEC: dict[str, Any] = definition(RUN)["spec"]["versions"][0]["schema"]["openAPIV3Schema"]["properties"]["spec"]
_ODD: tuple[Any, ...] = (
    None, True, 0, 1, -1, 5, 1001, 0.5, 2.5, 1e-6, 1e30, 2**40, "", "A", "1", "a-", "x" * 25, "x" * 300, "é" * 24,
    "0h", "30m ", "1h\n", "2024-02-30", "None", "../a", "1.", "+1", "1E3", ".5", [], {}, [None], [1, 1], {"a": None},
)  # fmt: skip
_TEXTS = ("a", "b", "c", "1h", "pass@1", "pass@5", "2025-02-01", "2025-03-01", "models:/a@b", "a/b", "release_v6")


def resource(seed: int) -> dict[str, Any]:
    """Return the resource of a seed."""
    rng = random.Random(seed)
    sections = rng.sample(sorted(_SPEC["properties"]), rng.choice((1, 1, 2, 3)))
    spec = {section: _value(_SPEC["properties"][section], rng) for section in sections}
    if rng.random() < 0.9:
        spec["storage"] = {"claimName": "c"}
    return {"apiVersion": kinds.API_VERSION, "kind": kinds.KIND, "metadata": {"name": "demo"}, "spec": spec}


def _value(node: dict[str, Any], rng: random.Random) -> Any:
    if rng.random() < 0.006:
        return rng.choice(_ODD)
    if node.get("type") == "array":
        return [_value(node["items"], rng) for _ in range(rng.choice((0, 1, 1, 2, 2, 3)))]
    if node.get("type") == "object":
        return _object(node, rng)
    return rng.choice(_choices(node))


def _choices(node: dict[str, Any]) -> tuple[Any, ...]:
    if "enum" in node:
        return tuple(node["enum"])
    if "x-kubernetes-int-or-string" in node:
        return "1", "64Gi", 4, "1e3", "1.5", node["minimum"], node["maximum"], node["minimum"] - 1, node["maximum"] + 1
    if "minimum" in node:
        return node["minimum"], node["maximum"], node["minimum"] + 1, 1 if node["type"] == "integer" else 0.5
    return {"boolean": (True, False), "string": _TEXTS}[node["type"]]


def _object(node: dict[str, Any], rng: random.Random) -> dict[str, Any]:
    if "properties" in node:
        chance = 2.2 / len(node["properties"])
        chosen = [name for name in node["properties"] if name in node.get("required", []) or rng.random() < chance]
        result = {name: _value(node["properties"][name], rng) for name in chosen}
        return result | ({"unknown": 1} if rng.random() < 0.01 else {})
    if "additionalProperties" in node:
        return {key: _value(node["additionalProperties"], rng) for key in rng.sample(("a", "b.c", "A/b", ""), 2)}
    return {key: rng.choice(_ODD) for key in rng.sample("abc", 2)}
