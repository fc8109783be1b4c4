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
from ssd_jobs.commands.program import add_form, told
from ssd_jobs.errors import ExitCode
from ssd_jobs.theory import machine

__all__ = ["facts", "main", "summary"]

EXPERIMENT = machine.PAPER
ROWS = {"teacher": "teacher, decoding alone", "student": "student, after SSD"}


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
    add_form(parser)
    options = parser.parse_args(arguments)
    curves = machine.curves(EXPERIMENT)
    sys.stdout.write(f"{told(options.form, facts(curves), summary(curves))}\n")
    if options.plot is None:
        return ExitCode.OK
    try:
        toy_panels.draw(EXPERIMENT, curves, options.plot)
    except (OSError, ValueError) as error:
        sys.stderr.write(f"{options.plot}: cannot be written ({error}): give a .png, .svg or .pdf file\n")
        return ExitCode.BAD_INPUT
    sys.stderr.write(f"plot: {options.plot}\n")
    return ExitCode.OK


def facts(curves: machine.Curves) -> dict[str, dict[str, float]]:
    """The figures for programs, each a share of one."""
    return {
        name: {"success": top.success, "temperature": top.temperature, "branch": branch, "fork": fork, "lock": lock}
        for name, model, top in _models(curves)
        for branch, fork, lock in [_shares(model, top)]
    }


def _models(curves: machine.Curves) -> list[tuple[str, machine.Contexts, machine.Best]]:
    """Return both models, each with its best point."""
    teacher = machine.teacher()
    student = machine.student(teacher, EXPERIMENT.sampling)
    return [
        ("teacher", teacher, machine.best(curves.temperatures, curves.teacher)),
        ("student", student, machine.best(curves.temperatures, curves.student)),
    ]


def summary(curves: machine.Curves) -> str:
    """The figures as text."""
    rows = [_row(name, model, top) for name, model, top in _models(curves)]
    sampling = EXPERIMENT.sampling
    return "\n".join(
        (
            "A program is one fork (the right token is one of five near-equal ones) and three locks.",
            f"Samples: temperature {sampling.temperature}, top-p {sampling.mass}. "
            f"Both are decoded with top-p {EXPERIMENT.evaluation_mass} at their best temperature.",
            "",
            f"{'':26}{'success':>8}{'at T':>8}{'good branch':>13}{'right at fork':>15}{'right at lock':>15}",
            *rows,
        )
    )


def _row(name: str, model: machine.Contexts, top: machine.Best) -> str:
    branch, fork, lock = map(_percent, _shares(model, top))
    return f"{ROWS[name]:26}{_percent(top.success):>8}{top.temperature:8.3f}{branch:>13}{fork:>15}{lock:>15}"


def _shares(model: machine.Contexts, top: machine.Best) -> tuple[float, float, float]:
    """Return how often a model takes the good branch, and the right token at a fork and at a lock."""
    policy = machine.decoded(model, top.temperature, EXPERIMENT.evaluation_mass)
    return float(policy.root[:2].sum()), float(policy.fork[0]), float(policy.lock[0])


def _percent(share: float) -> str:
    return f"{100 * share:.1f} %"


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
