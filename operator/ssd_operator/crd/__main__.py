"""Write the definitions into `crds/`, or with --check tell whether the files there are the current ones."""

from __future__ import annotations

import argparse
import sys
from pathlib import Path

import yaml

from ssd_operator import naming
from ssd_operator.crd.definition import definition
from ssd_operator.spec.kinds import RESOURCE_KINDS, ResourceKind

__all__ = ["main", "rendered"]

_HEADER = "# Generated from ssd_operator.spec by `python -m ssd_operator.crd`; do not edit.\n"


class _Dumper(yaml.SafeDumper):
    """Writes everything out: a person who reads the file should not have to follow anchors."""

    def ignore_aliases(self, _data: object) -> bool:
        return True


def rendered(kind: ResourceKind) -> str:
    """Return the definition of a kind as YAML."""
    return _HEADER + yaml.dump(definition(kind), Dumper=_Dumper, sort_keys=False, allow_unicode=True, width=120)


def main(arguments: list[str] | None = None) -> int:
    """Return 0 when every file is the current one."""
    parser = argparse.ArgumentParser(prog="python -m ssd_operator.crd", description=__doc__)
    parser.add_argument("--check", action="store_true", help="change nothing, fail when a file is stale")
    parser.add_argument("--folder", type=Path, default=Path("crds"), help="where definitions lie (default: crds)")
    options = parser.parse_args(arguments)
    folder: Path = options.folder
    texts = {folder / f"{naming.GROUP}_{kind.plural}.yaml": rendered(kind) for kind in RESOURCE_KINDS.values()}
    stale = [path for path, text in texts.items() if not path.exists() or path.read_text(encoding="utf-8") != text]
    if options.check:
        sys.stderr.writelines(f"{path} is stale: run python -m ssd_operator.crd\n" for path in stale)
        return 1 if stale else 0
    folder.mkdir(parents=True, exist_ok=True)
    for path in stale:
        path.write_text(texts[path], encoding="utf-8")
    return 0


if __name__ == "__main__":
    sys.exit(main())
