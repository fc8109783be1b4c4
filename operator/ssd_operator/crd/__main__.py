"""Write the definition into `crds/`, or with --check tell whether the file there is the current one."""

from __future__ import annotations

import argparse
import sys
from pathlib import Path

import yaml

from ssd_operator.crd.definition import definition
from ssd_operator.spec import resource

__all__ = ["main", "rendered"]

_HEADER = "# Generated from ssd_operator.spec by `python -m ssd_operator.crd`; do not edit.\n"


class _Dumper(yaml.SafeDumper):
    """Writes everything out: a person who reads the file should not have to follow anchors."""

    def ignore_aliases(self, _data: object) -> bool:
        return True


def rendered() -> str:
    """Return the definition as YAML."""
    return _HEADER + yaml.dump(definition(), Dumper=_Dumper, sort_keys=False, allow_unicode=True, width=120)


def main(arguments: list[str] | None = None) -> int:
    """Return 0 when the file is the current one."""
    parser = argparse.ArgumentParser(prog="python -m ssd_operator.crd", description=__doc__)
    parser.add_argument("--check", action="store_true", help="change nothing, fail when the file is stale")
    parser.add_argument("--folder", type=Path, default=Path("crds"), help="where definitions lie (default: crds)")
    options = parser.parse_args(arguments)
    path: Path = options.folder / f"{resource.GROUP}_{resource.PLURAL}.yaml"
    if not options.check:
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(rendered(), encoding="utf-8")
        return 0
    if path.exists() and path.read_text(encoding="utf-8") == rendered():
        return 0
    sys.stderr.write(f"{path} is stale: run python -m ssd_operator.crd\n")
    return 1


if __name__ == "__main__":
    sys.exit(main())
