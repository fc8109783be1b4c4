"""The toy machine, drawn: what one temperature does to locks and forks, and what training on its own samples changes.

The six panels are those of the paper's figures 4, 5, 12, 13 and 14 that are numbers; all are exact, nothing is sampled.
"""

from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np

from ssd_jobs.figures import style
from ssd_jobs.theory import machine
from ssd_jobs.theory.distributions import Distribution
from ssd_jobs.theory.machine import Best, Contexts, Curves, Experiment

if TYPE_CHECKING:
    from pathlib import Path

    from matplotlib.axes import Axes

__all__ = ["draw"]

ARMS = (("teacher", style.BASE), ("student", style.SSD))
MASSES = (0.65, 0.70, 0.75, 0.80, 0.85, 0.90)
"""The top-p values at which the paper decodes again."""
SHOWN_TOKENS = 8


def draw(experiment: Experiment, curves: Curves, path: "Path") -> None:
    """Write all panels to one PNG, SVG or PDF file."""
    teacher = machine.teacher()
    models = teacher, machine.student(teacher, experiment.sampling)
    tops = tuple(machine.best(curves.temperatures, each) for each in (curves.teacher, curves.student))
    with style.new("machine", rows=2, columns=3, width=12.6, height=7.0) as (figure, axes):
        _conflict(axes[0], teacher, curves.temperatures, experiment.evaluation_mass)
        _before_and_after(axes[1], [each.fork for each in models], "A fork before and after")
        _before_and_after(axes[2], [each.lock for each in models], "A lock before and after")
        _policies(axes[3], models, tops, experiment.evaluation_mass)
        _success(axes[4], curves, tops)
        _gaps(axes[5], experiment)
        figure.savefig(path, dpi=150, facecolor="white")


def _gains(experiment: Experiment) -> dict[float, float]:
    """Return by how many points the student's best is above the teacher's, by the top-p that decodes both."""
    found = {}
    for mass in MASSES:
        curves = machine.curves(replace(experiment, evaluation_mass=mass))
        best = [machine.best(curves.temperatures, each).success for each in (curves.student, curves.teacher)]
        found[mass] = 100 * (best[0] - best[1])
    return found


def _conflict(axes: "Axes", teacher: Contexts, temperatures: Distribution, mass: float) -> None:
    """The right token of the base at either kind of context: what helps the one harms the other."""
    shown = temperatures[(temperatures >= 0.2) & (temperatures <= 2.0)][::10]
    policies = [machine.decoded(teacher, temperature, mass) for temperature in shown]
    axes.plot(shown, [100 * each.lock[0] for each in policies], color=style.DIFFICULTY["easy"], label="lock")
    axes.plot(shown, [100 * each.fork[0] for each in policies], color=style.DIFFICULTY["medium"], label="fork")
    axes.set(title="The base: right token drawn, %", xlabel="decoding temperature")
    axes.legend()
    style.tidy(axes)


def _before_and_after(axes: "Axes", arms: "list[Distribution]", title: str) -> None:
    """The probabilities that the base has, and those that its student learned, in the base's order."""
    order = np.argsort(-arms[0], kind="stable")[:SHOWN_TOKENS]
    for place, ((label, colour), probabilities) in enumerate(zip(ARMS, arms, strict=True)):
        heights = 100 * probabilities[order]
        axes.bar(np.arange(len(order)) + 0.4 * place - 0.2, heights, 0.36, color=colour, label=label)
    right = int(np.flatnonzero(order == 0)[0])
    axes.set_xticks(range(len(order)), [f"{n + 1}\nright" if n == right else str(n + 1) for n in range(len(order))])
    axes.set(title=f"{title}, %")
    axes.legend()
    style.tidy(axes)


def _policies(axes: "Axes", models: tuple[Contexts, ...], tops: tuple[Best, ...], mass: float) -> None:
    """What either draws at the fork at its own best temperature, likeliest first."""
    for place, ((label, colour), model, top) in enumerate(zip(ARMS, models, tops, strict=True)):
        policy = machine.decoded(model, top.temperature, mass).fork
        heights = 100 * np.sort(policy[policy > 0])[::-1]
        name = f"{label} at T {top.temperature:.2f}: right {100 * policy[0]:.1f}"
        axes.bar(np.arange(len(heights)) + 0.4 * place - 0.2, heights, 0.36, color=colour, label=name)
    axes.set_xticks(range(len(heights)), [str(n + 1) for n in range(len(heights))])
    axes.set(title="Drawn at the fork at the best temperature, %")
    axes.legend()
    style.tidy(axes)


def _success(axes: "Axes", curves: Curves, tops: tuple[Best, ...]) -> None:
    """Right programs over the decoding temperature, each with its best point."""
    for (label, colour), values, top in zip(ARMS, (curves.teacher, curves.student), tops, strict=True):
        name = f"{label}: best {100 * top.success:.1f} at T {top.temperature:.2f}"
        axes.plot(curves.temperatures, 100 * values, color=colour, label=name)
        axes.plot([top.temperature], [100 * top.success], "o", color=colour)
    axes.set(title="Right programs, %", xlabel="decoding temperature")
    axes.set_ylim(0, 100 * float(np.max(curves.student)) * 1.45)
    axes.legend(loc="upper left")
    style.tidy(axes)


def _gaps(axes: "Axes", experiment: Experiment) -> None:
    """The student's advantage under other truncations of decoding."""
    found = _gains(experiment)
    bars = axes.bar(range(len(found)), list(found.values()), 0.6, color=style.SSD)
    axes.bar_label(bars, fmt="%+.1f", padding=2)
    axes.set_xticks(range(len(found)), [f"{mass:.2f}" for mass in found])
    axes.set(title="Student's best over teacher's, points", xlabel="top-p that decodes both")
    axes.margins(y=0.15)
    style.tidy(axes)
