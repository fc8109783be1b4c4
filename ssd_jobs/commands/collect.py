"""Remove the artifacts that nothing names: `python -m ssd_jobs.commands.collect --workspace DIR --names FILE`.

FILE says what is named (`contract.NamedArtifacts`). Nothing is removed without --remove, and nothing while an MLflow
server that may know of weights on this volume does not answer.
"""

import argparse
import sys
from collections import defaultdict
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any

from pydantic import ValidationError

from ssd_jobs import contract, tracking
from ssd_jobs.artifacts import collecting, inventory
from ssd_jobs.commands.program import add_form, main_of, told
from ssd_jobs.errors import BadInput, first_line

__all__ = ["main"]


def main(arguments: list[str]) -> str:
    """Remove, or say what would be removed."""
    parser = argparse.ArgumentParser(prog="python -m ssd_jobs.commands.collect", description=__doc__)
    parser.add_argument("--workspace", type=Path, required=True, help="the directory or volume with the artifacts")
    parser.add_argument("--names", type=Path, required=True, help="a file that says what is named")
    parser.add_argument("--remove", action="store_true", help="remove it; without this nothing is changed")
    add_form(parser)
    given = parser.parse_args(arguments)
    names = _names(given.names)
    external = {path for uri in names.tracking_uris for path in _external(uri, names.claim)}
    found = collecting.removals(
        inventory.inventory(given.workspace), named=names.named, results_of=names.results_of, external=external
    )
    if not given.remove:
        words = _table(found, "would be removed; nothing was, --remove does it")
        return told(given.form, _facts(found, removed=False, left=0), words)
    done = [each for each in found if collecting.remove(given.workspace, each)]
    left = len(found) - len(done)
    kept = f", {left} that are being written were left alone" if left else ""
    return told(given.form, _facts(done, removed=True, left=left), _table(done, f"removed{kept}"))


def _names(file: Path) -> contract.NamedArtifacts:
    """Read what is named."""
    try:
        return contract.NamedArtifacts.model_validate_json(file.read_bytes())
    except (OSError, ValidationError) as error:
        raise BadInput(f"{file}: does not say what is named ({first_line(error)}); make it with ssd gc") from None


def _external(uri: str, claim: str) -> Iterator[str]:
    """Yield the artifacts on this volume in which weights of registered versions are."""
    for path in tracking.external_paths(uri, claim, client=tracking.connect(uri)):
        yield "/".join(path.split("/")[:2])


def _facts(found: Iterable[collecting.Removal], *, removed: bool, left: int) -> dict[str, Any]:
    """Return the same as the table, for programs."""
    rows = sorted(found, key=lambda each: each.stored.path)
    directories = [{"path": each.stored.path, "bytes": each.stored.bytes, "why": each.why} for each in rows]
    total = sum(each.stored.bytes for each in rows)
    return {"removed": removed, "bytes": total, "beingWritten": left, "directories": directories}


def _table(found: Iterable[collecting.Removal], what: str) -> str:
    """Return a line per directory, a line per root, and the sum."""
    lines, sums = [], defaultdict[str, int](int)
    for each in sorted(found, key=lambda each: each.stored.path):
        lines.append(f"{each.stored.path}\t{_size(each.stored.bytes)}\t{each.why}")
        sums[each.stored.path.split("/")[0]] += each.stored.bytes
    by_root = ", ".join(f"{root} {_size(size)}" for root, size in sorted(sums.items()))
    total = f"{_size(sum(sums.values()))} in {len(lines)} directories {what}"
    return "\n".join([*lines, f"{total} ({by_root})" if by_root else total])


def _size(count: float) -> str:
    """Return bytes as people say them."""
    for unit in ("B", "kB", "MB", "GB"):
        if count < 1000:
            return f"{count:.0f} {unit}" if unit == "B" else f"{count:.1f} {unit}"
        count /= 1000
    return f"{count:.1f} TB"


if __name__ == "__main__":
    sys.exit(main_of(main))
