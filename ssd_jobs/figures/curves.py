"""What training did to the distributions: the curves of the analyze stage, both models on the same contexts."""

import itertools
import json
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from ssd_jobs.figures import style

if TYPE_CHECKING:
    from matplotlib.axes import Axes

__all__ = ["Curves", "drawn"]

ARMS = (("base", "base", style.BASE), ("candidate", "+SSD", style.SSD))
SHOWN_TEMPERATURE = 1.0
Curves = dict[str, Any]
"""The content of `statistics.json`."""


def drawn(path: Path) -> Iterator[tuple[str, str, str, str, bytes]]:
    """Yield name, title, caption, and both forms of each figure."""
    found: Curves = json.loads(path.read_text())
    where = f"Means over {found['positions']:,} stored positions, the same for both models."
    with style.new("distributions", columns=2, width=8.8, height=2.9) as (figure, axes):
        _by_rank(axes[0], found)
        _by_temperature(axes[1], found)
        figure.legend(*axes[0].get_legend_handles_labels(), loc="outside upper right", ncols=2)
        title = "What distillation did to the distributions"
        yield "distributions", title, where, *style.both(figure)
    with style.new("locks-and-forks", width=7.2, height=3.0) as (figure, axes):
        temperature = _by_lock(axes[0], found)
        figure.legend(*axes[0].get_legend_handles_labels(), loc="outside upper right", ncols=2)
        caption = (
            f"Entropy after truncation at temperature {temperature:g}, by how much the base's 20 likeliest tokens "
            f"hold: locks are on the right, forks on the left. {where}"
        )
        yield "locks-and-forks", "Locks and forks", caption, *style.both(figure)


def _by_rank(axes: "Axes", found: Curves) -> None:
    """Probability that the likeliest tokens hold together."""
    for arm, label, colour in ARMS:
        mass = 100 * np.array(found[arm]["cumulative_probability"])
        axes.plot(range(1, len(mass) + 1), mass, color=colour, label=label, linewidth=2)
    axes.set_xscale("log")
    axes.set_xticks([1, 2, 5, 10, 20, 50], ["1", "2", "5", "10", "20", "50"])
    axes.minorticks_off()
    axes.set_xlabel("how many tokens")
    axes.set_title("probability of the likeliest tokens together, %")
    style.tidy(axes)


def _by_temperature(axes: "Axes", found: Curves) -> None:
    """Tokens that truncation leaves to choose from."""
    for arm, label, colour in ARMS:
        order = np.argsort(found["temperatures"])
        x, y = (np.array(values)[order] for values in (found["temperatures"], found[arm]["surviving_tokens"]))
        axes.plot(x, y, "o-", color=colour, label=label, linewidth=2, markersize=5)
    axes.set_ylim(0, 1.12 * max(*found["base"]["surviving_tokens"], *found["candidate"]["surviving_tokens"]))
    axes.set_xlabel("temperature")
    axes.set_title("tokens left after truncation")
    style.tidy(axes)


def _by_lock(axes: "Axes", found: Curves) -> float:
    """Entropy by how locked a position is for the base; return the temperature that is shown."""
    temperatures = found["temperatures"]
    column = min(range(len(temperatures)), key=lambda index: abs(temperatures[index] - SHOWN_TEMPERATURE))
    counts = found["bins"]["positions"]
    filled = [number for number, count in enumerate(counts) if count]
    for position, (arm, label, colour) in enumerate(ARMS):
        heights = [found[arm]["truncated_entropy_by_bin"][number][column] for number in filled]
        axes.bar(np.arange(len(filled)) + (position - 0.5) * 0.4, heights, 0.36, color=colour, label=label)
    names = _bin_names(found["bins"]["edges"])
    axes.set_xticks(range(len(filled)), [f"{names[number]}\n{counts[number]:,}" for number in filled])
    axes.set_xlabel("mass of the base's 20 likeliest tokens, % (below: positions)")
    axes.set_title("entropy, nats")
    style.tidy(axes)
    return float(temperatures[column])


def _bin_names(edges: list[float]) -> list[str]:
    """Return how the bins are called."""
    words = [f"{100 * edge:g}" for edge in edges]
    middle = [f"{low}–{high}" for low, high in itertools.pairwise(words)]
    return [f"below {words[0]}", *middle, f"from {words[-1]}"]
