"""Make a registered version champion because a person says so: `python -m ssd_jobs.commands.promote`.

The gate is not asked, so a reason is: it stays with the version as the tag `ssd.override`.
"""

import argparse
import sys

from ssd_jobs import tracking
from ssd_jobs.commands.program import add_form, main_of, told

__all__ = ["main"]


def main(arguments: list[str]) -> str:
    """Move the alias and say what it was before."""
    parser = argparse.ArgumentParser(prog="python -m ssd_jobs.commands.promote", description=__doc__)
    parser.add_argument("--tracking-uri", required=True)
    parser.add_argument("--model", required=True, help="the registered model's name")
    parser.add_argument("--version", required=True)
    parser.add_argument("--alias", default="champion")
    parser.add_argument("--reason", required=True, help="why, for whoever finds this version later")
    add_form(parser)
    given = parser.parse_args(arguments)
    client = tracking.connect(given.tracking_uri)
    found = tracking.force(
        given.tracking_uri, given.model, given.version, given.alias, reason=given.reason, client=client
    )
    before = f"version {found.previous_champion} was it before" if found.previous_champion else "nobody was it before"
    facts = {"model": given.model, "version": found.version, "alias": given.alias, "before": found.previous_champion}
    return told(given.form, facts, f"{given.model} version {found.version} is {given.alias}; {before}")


if __name__ == "__main__":
    sys.exit(main_of(main))
