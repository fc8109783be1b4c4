"""Files that are no good SelfDistillation: each kind of mistake, drawn by a seed, written as YAML or as JSON."""

import json
import random
from collections.abc import Callable
from typing import Any

import yaml

from resources import fuzz

__all__ = ["KINDS", "text"]

_WRONG: tuple[Any, ...] = (
    None,
    True,
    -1,
    0.5,
    "",
    "x",
    [],
    {},
    [[]],
    [None],
    {"a": {"b": []}},
    "x" * 5000,
    ["x"] * 300,
)
_HUGE = (
    "9" * 30,
    "9" * 5000,
    "-" + "9" * 400,
    "1e999",
    "1e308",
    "0x" + "f" * 300,
    "18446744073709551616",
    "1" + "0" * 22,
)
_CONTROLS = "".join(map(chr, (0, 7, 8, 10, 13, 27, 127, 0x85, 0x9B, 0x2028, 0x202E, 0x2066)))
_EDGES = (
    "",
    " \n\t",
    "---\n",
    "# nothing\n",
    "null\n",
    "--- {}\n--- {}\n",
    "[]",
    "{}",
    '""',
    "%YAML 9.9\n---\n",
    "\ufeff",
    "@",
    "`",
)


def text(kind: str, seed: int) -> bytes:
    """Return the file of a kind and a seed."""
    return KINDS[kind](random.Random(f"{kind} {seed}"))


def _written(value: Any, rng: random.Random) -> bytes:
    """Write a value in one of the two languages."""
    if rng.random() < 0.5:
        return json.dumps(value, ensure_ascii=rng.random() < 0.5).encode(errors="surrogatepass")
    return yaml.safe_dump(value, allow_unicode=False).encode()


def _resource(rng: random.Random) -> dict[str, Any]:
    return fuzz.resource(rng.randrange(10_000))


def _place(node: Any, rng: random.Random) -> tuple[Any, Any]:
    """Return a container somewhere in a document, and a key or index in it."""
    found: list[tuple[Any, Any]] = []
    waiting = [node]
    while waiting:
        inner = waiting.pop()
        entries = list(inner.items()) if isinstance(inner, dict) else list(enumerate(inner))
        found += [(inner, key) for key, _ in entries]
        waiting += [value for _, value in entries if isinstance(value, dict | list)]
    return rng.choice(found)


def _replaced(value: Any, rng: random.Random) -> dict[str, Any]:
    """Return a resource with this value somewhere."""
    document = _resource(rng)
    container, key = _place(document, rng)
    container[key] = value
    return document


def _wrong_type(rng: random.Random) -> bytes:
    return _written(_replaced(rng.choice(_WRONG), rng), rng)


def _huge_number(rng: random.Random) -> bytes:
    return json.dumps(_replaced("NUMBER", rng)).replace('"NUMBER"', rng.choice(_HUGE)).encode()


def _unknown_fields(rng: random.Random) -> bytes:
    document = _resource(rng)
    container = rng.choice((document, document["spec"], document["metadata"]))
    container |= {f"{'x' * rng.choice((1, 30, 3000))}{index}": index for index in range(rng.choice((1, 2, 21, 150)))}
    return _written(document, rng)


def _deep(rng: random.Random) -> bytes:
    depth = rng.choice((50, 300, 900, 1200, 20_000))
    start, end = rng.choice((("[", "]"), ('{"a": ', "}")))
    inner = start * depth + "1" + (end * depth if rng.random() < 0.8 else "")
    return json.dumps(_replaced("INNER", rng)).replace('"INNER"', inner).encode()


def _control_characters(rng: random.Random) -> bytes:
    dirty = "".join(rng.choices(_CONTROLS, k=4)) + "[31m"
    document = _replaced(dirty, rng) if rng.random() < 0.5 else _resource(rng)
    container = rng.choice((document, document["spec"])) if isinstance(document.get("spec"), dict) else document
    return _written(container | {dirty: 1} if container is document else document | {"spec": {dirty: 1}}, rng)


def _surrogate(rng: random.Random) -> bytes:
    half = chr(rng.randrange(0xD800, 0xE000))
    document = _replaced(f"a{half}", rng) if rng.random() < 0.7 else _resource(rng) | {half: 1}
    return json.dumps(document, ensure_ascii=rng.random() < 0.8).encode(errors="surrogatepass")


def _repeated_keys(rng: random.Random) -> bytes:
    key = rng.choice(("spec", "kind", "metadata", "apiVersion"))
    lines = yaml.safe_dump(_resource(rng))
    return (lines + f"{key}: {rng.choice(('x', '{}', '[]'))}\n" * rng.choice((1, 2, 500))).encode()


def _edge(rng: random.Random) -> bytes:
    return rng.choice(_EDGES).encode()


def _foreign_bytes(rng: random.Random) -> bytes:
    whole = bytearray(_written(_resource(rng), rng))
    at = rng.randrange(len(whole))
    whole[at:at] = rng.choice((b"\x00", b"\xff", b"\xed\xa0\x80", b"\x1b[2J", b"\xef\xbf\xbe", rng.randbytes(8)))
    return bytes(whole)


def _cut(rng: random.Random) -> bytes:
    whole = _written(_resource(rng), rng)
    return whole[: rng.randrange(len(whole))]


def _shuffled(rng: random.Random) -> bytes:
    whole = list(_written(_resource(rng), rng).decode(errors="replace"))
    for _ in range(rng.choice((1, 3, 10))):
        whole[rng.randrange(len(whole))] = rng.choice("{}[]:,-?&*!|>'\"%@`#\n\t ")
    return "".join(whole).encode()


def _anchors_and_tags(rng: random.Random) -> bytes:
    value = rng.choice((
        "&a [*a]", "*nowhere", "&a {<<: *a}", "{<<: 5}", "!!python/object/apply:os.system [id]", "!!binary '*'",
        "!!int x", "!!set {a}", "{? [a]: 1}", "&a [1,1,1,1,1,1,1,1]", "!<x y> 1",
    ))  # fmt: skip
    bomb = "".join(f"b{n}: &b{n} [{', '.join([f'*b{n - 1}'] * 9)}]\n" for n in range(1, rng.choice((1, 9))))
    return f"{yaml.safe_dump(_resource(rng))}b0: &b0 {value}\n{bomb}".encode()


KINDS: dict[str, Callable[[random.Random], bytes]] = {
    "wrong type": _wrong_type,
    "huge number": _huge_number,
    "unknown fields": _unknown_fields,
    "deep": _deep,
    "control characters": _control_characters,
    "surrogate": _surrogate,
    "repeated keys": _repeated_keys,
    "edge": _edge,
    "foreign bytes": _foreign_bytes,
    "cut": _cut,
    "shuffled": _shuffled,
    "anchors and tags": _anchors_and_tags,
}
