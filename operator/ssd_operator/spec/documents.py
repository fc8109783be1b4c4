"""The one reader of YAML: it yields exactly the JSON that `kubectl` would send, and remembers the lines.

`sigs.k8s.io/yaml`, which kubectl uses, turns YAML into JSON with rules that no Python loader has. So PyYAML only
parses here; what a scalar means is decided by `scalar_words`. As with kubectl the last of two equal keys wins, and
`<<` overwrites what stands before it. No tag ever builds a Python object.
"""

from __future__ import annotations

import contextlib
import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

import yaml

from ssd_jobs.contract.printable import brief, printable
from ssd_operator.errors import InvalidDocument, Problem
from ssd_operator.spec import scalar_words

__all__ = ["Document", "load"]

_Reading = Callable[[str, str], scalar_words.JsonScalar]

_MOST_NODES = 20_000
"""Values of one text, which PyYAML needs a second for; a resource has some hundred."""


@dataclass(frozen=True)
class Document:
    """One document as JSON, and where its fields stand."""

    value: Any
    origin: str
    """The file's name, for messages."""
    lines: Mapping[str, int] = field(default_factory=dict)
    """Line of each path."""
    repeated: tuple[str, ...] = ()
    """Paths that are written more than once; the last one counts."""

    def place(self, path: str) -> str:
        """Return `file:line` of a path, or of the nearest object that should hold it."""
        while path and path not in self.lines:
            path = path[: max(path.rfind("."), path.rfind("["), 0)]
        return f"{self.origin}:{self.lines.get(path, 1)}"

    def sentence(self, problem: Problem) -> str:
        """Say what is wrong and in which line."""
        return f"{self.place(problem.path)}: {problem}"


def load(text: str, *, origin: str) -> Document:
    """Read the only document of a text, or raise InvalidDocument naming the line."""
    try:
        documents = _documents(text, origin)
    except yaml.YAMLError as error:
        raise InvalidDocument(_syntax(error, origin)) from None
    except RecursionError:
        raise InvalidDocument(f"{origin}: is nested too deeply to be a resource") from None
    if len(documents) != 1:
        raise InvalidDocument(f"{origin}: holds {len(documents)} documents; exactly one is expected")
    return documents[0]


def _documents(text: str, origin: str) -> list[Document]:
    """Read every document that is not empty."""
    if text.lstrip().startswith("{"):
        with contextlib.suppress(ValueError):  # else a flow mapping: YAML after all, as kubectl decides too
            return [Document(_json(text), origin)]
    readers = [(_Reader(origin), node) for node in yaml.compose_all(text, Loader=_Parser)]
    documents = [
        Document(reader.value(node, ""), origin, reader.lines, tuple(reader.repeated)) for reader, node in readers
    ]
    return [document for document in documents if document.value is not None]


def _json(text: str) -> Any:
    def number(digits: str) -> scalar_words.JsonScalar:
        return scalar_words.meaning(digits, scalar_words.PLAIN)

    def refuse(word: str) -> Any:
        raise ValueError(f"{word} has no place in JSON")

    return json.loads(text, parse_int=number, parse_float=number, parse_constant=refuse)


class _TooManyValues(yaml.MarkedYAMLError):
    """The text holds more than any resource does."""


class _Parser(yaml.SafeLoader):
    """PyYAML up to its nodes; a plain scalar keeps an empty tag instead of PyYAML's guess."""

    _count = 0

    def compose_node(self, parent: yaml.Node | None, index: Any) -> yaml.Node | None:
        self._count += 1
        if self._count > _MOST_NODES:
            event: Any = self.peek_event()  # type: ignore[no-untyped-call]
            raise _TooManyValues(problem_mark=event.start_mark)
        return super().compose_node(parent, index)

    def compose_scalar_node(self, anchor: Any) -> yaml.ScalarNode:
        event: Any = self.peek_event()  # type: ignore[no-untyped-call]
        if event.tag == "!":  # "do not guess": a text, where PyYAML guesses all the same
            event.tag = "tag:yaml.org,2002:str"
        return super().compose_scalar_node(anchor)

    def resolve(self, kind: type[yaml.Node], _value: str | None, implicit: Any) -> str:
        if kind is yaml.ScalarNode and implicit[0]:
            return scalar_words.PLAIN
        return "tag:yaml.org,2002:str"


class _Reader:
    """Nodes to JSON values, noting lines on the way."""

    def __init__(self, origin: str) -> None:
        self.origin = origin
        self.lines: dict[str, int] = {}
        self.repeated: list[str] = []
        self._open: set[int] = set()
        self._count = 0

    def value(self, node: yaml.Node, path: str) -> Any:
        self._count += 1
        if self._count > _MOST_NODES:
            raise self._error(node, "the document contains excessive aliasing")
        self.lines.setdefault(path, node.start_mark.line + 1)
        if isinstance(node, yaml.ScalarNode):
            return self._scalar(node)
        if id(node) in self._open:
            raise self._error(node, "an anchor contains itself")
        self._open.add(id(node))
        try:
            if isinstance(node, yaml.SequenceNode):
                return [self.value(entry, f"{path}[{index}]") for index, entry in enumerate(node.value)]
            return self._mapping(node, path)
        finally:
            self._open.discard(id(node))

    def _mapping(self, node: yaml.Node, path: str) -> dict[str, Any]:
        result: dict[str, Any] = {}
        own: set[str] = set()
        for key_node, value_node in node.value:
            if _is_merge(key_node):
                for source in self._sources(value_node):
                    result.update(self.value(source, path))
                continue
            key = self._key(key_node)
            below = f"{path}.{key}" if path else key
            self.lines[below] = key_node.start_mark.line + 1
            if key in own:
                self.repeated.append(below)
            own.add(key)
            result[key] = self.value(value_node, below)
        return result

    def _sources(self, node: yaml.Node) -> list[yaml.Node]:
        sources = list(reversed(node.value)) if isinstance(node, yaml.SequenceNode) else [node]
        if not all(isinstance(source, yaml.MappingNode) for source in sources):
            raise self._error(node, "map merge requires map or sequence of maps as the value")
        return sources

    def _key(self, node: yaml.Node) -> str:
        if not isinstance(node, yaml.ScalarNode):
            raise self._error(node, "a key must be a text")
        return str(self._scalar(node, as_what=scalar_words.key))

    def _scalar(self, node: yaml.ScalarNode, as_what: _Reading = scalar_words.meaning) -> scalar_words.JsonScalar:
        try:
            return as_what(node.value, node.tag)
        except ValueError as error:
            raise self._error(node, str(error)) from None

    def _error(self, node: yaml.Node, message: str) -> InvalidDocument:
        return InvalidDocument(f"{self.origin}:{node.start_mark.line + 1}: {message}")


def _is_merge(node: yaml.Node) -> bool:
    return isinstance(node, yaml.ScalarNode) and node.value == "<<" and node.tag in ("", "tag:yaml.org,2002:merge")


def _syntax(error: yaml.YAMLError, origin: str) -> str:
    if isinstance(error, yaml.reader.ReaderError):
        character = f"U+{int(error.character):04X}"
        return f"{origin}: not YAML: the character {character} at position {error.position} has no place in it"
    mark = getattr(error, "problem_mark", None)
    line = f":{mark.line + 1}" if mark is not None else ""
    if isinstance(error, _TooManyValues):
        return f"{origin}{line}: holds more than {_MOST_NODES} values, too many for a resource"
    return f"{origin}{line}: not YAML: {printable(brief(str(getattr(error, 'problem', None) or error)))}"
