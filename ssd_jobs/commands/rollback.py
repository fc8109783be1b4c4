"""Give the champion's alias back to the version that held it before: `python -m ssd_jobs.commands.rollback`."""

import argparse
import sys

from ssd_jobs import tracking
from ssd_jobs.commands.program import add_form, main_of, told

__all__ = ["main"]


def main(arguments: list[str]) -> str:
    """Move the alias back and say from where to where."""
    parser = argparse.ArgumentParser(prog="python -m ssd_jobs.commands.rollback", description=__doc__)
    parser.add_argument("--tracking-uri", required=True)
    parser.add_argument("--model", required=True, help="the registered model's name")
    parser.add_argument("--alias", default="champion")
    add_form(parser)
    given = parser.parse_args(arguments)
    client = tracking.connect(given.tracking_uri)
    left, now = tracking.roll_back(given.tracking_uri, given.model, given.alias, client=client)
    facts = {"model": given.model, "version": now, "alias": given.alias, "before": left}
    return told(given.form, facts, f"{given.model} version {now} is {given.alias} again, after version {left}")


if __name__ == "__main__":
    sys.exit(main_of(main))
