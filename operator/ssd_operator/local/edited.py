"""Files of the user that prepare has read and that have another content now.

Prepare is found by its recipe, which names such a file and not what is in it: an edit alone makes nothing new.
"""

import hashlib
import json
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path
from typing import Any

from ssd_jobs import contract
from ssd_jobs.contract import files, path_rows
from ssd_operator.plan import Graph

__all__ = ["sentences"]


def sentences(graph: Graph, workspace: Path) -> list[str]:
    """Return one sentence per file that prepare would read differently now."""
    return [
        f"{path}: was changed after prepare read it, and is not read again by itself; "
        f'set spec.rerun to {{from: Prepare, nonce: "NEW"}} to use what it holds now'
        for path in dict.fromkeys(_edited(graph, workspace))
    ]


def _edited(graph: Graph, workspace: Path) -> Iterator[str]:
    """Yield the paths of those files, as the spec names them."""
    for config in (node.config for node in graph):
        if not isinstance(config, contract.PrepareConfig):
            continue
        parts: list[contract.PromptsPart | contract.BenchmarkPart] = [config.prompts, *config.benchmarks]
        for part in parts:
            facts = _facts(workspace / part.output, part.key)
            source, template = part.science.source, part.science.rendering.template
            if isinstance(source, contract.PathRows) and _differs(workspace / source.path, facts.get("rows_sha256")):
                yield source.path
            if not files.is_builtin_template(template) and _text_differs(workspace / template, facts):
                yield template


def _facts(directory: Path, key: str) -> dict[str, Any]:
    """Return what prepare wrote down of a part that is complete; nothing when it is not."""
    with suppress(OSError, ValueError):
        manifest = json.loads((directory / files.MANIFEST).read_text(encoding="utf-8"))
        if isinstance(manifest, dict) and manifest.get("key") == key and isinstance(manifest.get("facts"), dict):
            return dict(manifest["facts"])
    return {}


def _differs(path: Path, known: object) -> bool:
    """Tell whether rows differ from those that were read, as far as that is on record."""
    with suppress(OSError):
        return known is not None and path_rows.digest(path) != known
    return False


def _text_differs(path: Path, facts: dict[str, Any]) -> bool:
    """Tell whether a template differs from the one that was read."""
    known = facts.get("template_sha256")
    with suppress(OSError, ValueError):
        return known is not None and hashlib.sha256(path.read_text(encoding="utf-8").encode()).hexdigest() != known
    return False
