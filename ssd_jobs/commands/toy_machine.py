"""`python -m ssd_jobs.commands.toy_machine [--plot FILE]`: the paper's toy machine, recomputed.

Prints the best that a teacher reaches by decoding alone, the best that its self-distilled student reaches, and what
either does at that point; with `--plot`, also draws what training changes at forks and locks. Takes seconds, needs no
model.
"""

from __future__ import annotations

import argparse
import sys
from pathlib import Path

from ssd_jobs.commands import toy_panels
from ssd_jobs.errors import ExitCode
from ssd_jobs.theory import machine

__all__ = ["main", "summary"]

EXPERIMENT = machine.PAPER


def main(arguments: list[str]) -> int:
    """Print the summary and, where asked, draw the curves."""
    parser = argparse.ArgumentParser(
        prog="python -m ssd_jobs.commands.toy_machine", description="The paper's toy machine."
    )
    parser.add_argument(
        "--plot",
        type=Path,
        metavar="FILE",
        help="draw the paper's figures 4, 5, 12, 13 and 14 to a PNG, SVG or PDF file",
    )
    options = parser.parse_args(arguments)
    curves = machine.curves(EXPERIMENT)
    sys.stdout.write(summary(curves))
    if options.plot is None:
        return ExitCode.OK
    try:
        toy_panels.draw(EXPERIMENT, curves, options.plot)
    except (OSError, ValueError) as error:
        sys.stderr.write(f"{options.plot}: cannot be written ({error}): give a .png, .svg or .pdf file\n")
        return ExitCode.BAD_INPUT
    sys.stdout.write(f"\nplot: {options.plot}\n")
    return ExitCode.OK


def summary(curves: machine.Curves) -> str:
    """The figures as text."""
    teacher = machine.teacher()
    rows = [
        _row("teacher, decoding alone", teacher, machine.best(curves.temperatures, curves.teacher)),
        _row(
            "student, after SSD",
            machine.student(teacher, EXPERIMENT.sampling),
            machine.best(curves.temperatures, curves.student),
        ),
    ]
    sampling = EXPERIMENT.sampling
    return "\n".join(
        (
            "A program is one fork (the right token is one of five near-equal ones) and three locks.",
            f"Samples: temperature {sampling.temperature}, top-p {sampling.mass}. "
            f"Both are decoded with top-p {EXPERIMENT.evaluation_mass} at their best temperature.",
            "",
            f"{'':26}{'success':>8}{'at T':>8}{'good branch':>13}{'right at fork':>15}{'right at lock':>15}",
            *rows,
            "",
        )
    )


def _row(name: str, model: machine.Contexts, top: machine.Best) -> str:
    policy = machine.decoded(model, top.temperature, EXPERIMENT.evaluation_mass)
    branch, fork, lock = _percent(policy.root[:2].sum()), _percent(policy.fork[0]), _percent(policy.lock[0])
    return f"{name:26}{_percent(top.success):>8}{top.temperature:8.3f}{branch:>13}{fork:>15}{lock:>15}"


def _percent(share: float) -> str:
    return f"{100 * share:.1f} %"


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
