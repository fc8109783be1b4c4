"""What training did to the distributions: the curves of the analyze stage, both models on the same contexts."""

import itertools
import json
import math
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from ssd_jobs.figures import style

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

__all__ = ["ARMS", "Curves", "curve", "drawn", "legend", "where"]

ARMS = (("base", "base", style.BASE), ("candidate", "+SSD", style.SSD))
SHOWN_TEMPERATURE = 1.0
UNTRUNCATED = (
    "No decode of this run truncates, so that every token may be sampled by either model: there is nothing to show of "
    "what truncation leaves."
)
TARGET_PANELS = (
    ("divergence", "distance to the target, nats", 1.0),
    ("mass_inside", "probability of its tokens, %", 100.0),
    ("inversions", "pairs of them in another order, %", 100.0),
)
Curves = dict[str, Any]
"""The content of `statistics.json`."""


def drawn(path: Path) -> Iterator[tuple[str, str, str, str, bytes]]:
    """Yield name, title, caption, and both forms of each figure."""
    found: Curves = json.loads(path.read_text())
    truncation = found["truncation"]
    title = "What distillation did to the distributions"
    yield from _aim(found)
    if truncation is None:
        with style.new("distributions", width=4.8, height=3.1) as (figure, axes):
            _by_rank(axes[0], found)
            legend(figure, axes[0])
            yield "distributions", title, f"{where(found)} {UNTRUNCATED}", *style.both(figure)
        return
    with style.new("distributions", columns=3, width=11.4, height=3.1) as (figure, axes):
        _by_rank(axes[0], found)
        _by_temperature(axes[1], found, "surviving_tokens", "tokens left after truncation")
        _by_temperature(axes[2], found, "truncated_entropy", "their entropy, nats")
        legend(figure, axes[0])
        caption = f"{where(found)} Truncation: {_named(truncation)}."
        yield "distributions", title, caption, *style.both(figure)
    with style.new("locks-and-forks", width=7.2, height=3.2) as (figure, axes):
        temperature = _by_lock(axes[0], found)
        legend(figure, axes[0])
        caption = (
            f"Entropy after truncation ({_named(truncation)}) at temperature {temperature:g}, by how much the base's "
            f"20 likeliest tokens hold, in equal shares of the positions as far as they differ: forks are on the left, "
            f"locks on the right. {where(found)}"
        )
        yield "locks-and-forks", "Locks and forks", caption, *style.both(figure)


def _aim(found: Curves) -> Iterator[tuple[str, str, str, str, bytes]]:
    """Draw how close training came to what it aims at, where that is known."""
    aim = found["target"]
    if aim is None:
        return
    # Where every target is a single token there are no pairs.
    panels = [each for each in TARGET_PANELS if each[0] in found["base"]]
    with style.new("target", columns=len(panels), width=3.8 * len(panels), height=2.6) as (figure, axes):
        for place, (name, title, scale) in zip(axes, panels, strict=True):
            _bars(place, found, name, title, scale)
        over = where({**found, "positions": aim["positions"]})
        caption = (
            "The target is the base tempered and cut as the training samples were: on average "
            f"{aim['tokens']['value']:.1f} tokens, which hold {100 * aim['tempered_mass']['value']:.1f} % of the "
            f"tempered base. A model that learned it perfectly is at 0 nats, 100 % and 0 %. {over}"
        )
        yield "target", "How close training came to its target", caption, *style.both(figure)


def _bars(axes: "Axes", found: Curves, name: str, title: str, scale: float) -> None:
    """One number of both arms with its interval."""
    for place, (arm, _, colour) in enumerate(ARMS):
        value, low, high = (scale * found[arm][name][each] for each in ("value", "low", "high"))
        axes.barh(place, value, 0.6, color=colour)
        spread = [[max(value - low, 0)], [max(high - value, 0)]]
        axes.errorbar(value, place, xerr=spread, fmt="none", ecolor=style.INK, elinewidth=1, alpha=0.65)
        axes.annotate(f"{value:.3g}", (high, place), xytext=(4, 0), textcoords="offset points", va="center")
    axes.set_yticks(range(len(ARMS)), [label for _, label, _ in ARMS])
    axes.invert_yaxis()
    axes.margins(x=0.15)
    axes.set_xlim(left=0)
    axes.set_title(title)
    style.tidy(axes)


def where(found: Curves) -> str:
    """Return what the means are over."""
    return (
        f"Means over {found['positions']:,} positions in what both models wrote for {found['problems']:,} problems of "
        f"the benchmark, the same for both; {100 * found['confidence']:g} % intervals by problem."
    )


def _named(truncation: dict[str, float]) -> str:
    """Return a truncation in words."""
    words = [f"top-k {truncation['top_k']:g}"] if truncation["top_k"] else []
    return ", ".join([*words, *([f"top-p {truncation['top_p']:g}"] if truncation["top_p"] < 1 else [])])


def legend(figure: "Figure", axes: "Axes") -> None:
    """Name the arms once."""
    figure.legend(*axes.get_legend_handles_labels(), loc="outside upper right", ncols=2)


def curve(axes: "Axes", x: Sequence[float], values: Curves, *, colour: str, label: str, marker: str = "") -> None:
    """One arm with its interval."""
    value, low, high = (np.array(values[name], dtype=np.float64) for name in ("value", "low", "high"))
    axes.fill_between(x, low, high, color=colour, alpha=0.2, linewidth=0)
    axes.plot(x, value, color=colour, label=label, linewidth=2, marker=marker, markersize=5)


def _by_rank(axes: "Axes", found: Curves) -> None:
    """Probability that the likeliest tokens hold together."""
    for arm, label, colour in ARMS:
        share = {name: 100 * np.array(values) for name, values in found[arm]["cumulative_probability"].items()}
        curve(axes, range(1, len(share["value"]) + 1), share, colour=colour, label=label)
    axes.set_xscale("log")
    axes.set_xticks([1, 2, 5, 10, 20, 50], ["1", "2", "5", "10", "20", "50"])
    axes.minorticks_off()
    axes.set_xlabel("how many tokens")
    axes.set_title("probability of the likeliest, %")
    style.tidy(axes)


def _by_temperature(axes: "Axes", found: Curves, name: str, title: str) -> None:
    """One of the curves that truncation bends."""
    for arm, label, colour in ARMS:
        curve(axes, found["temperatures"], found[arm][name], colour=colour, label=label, marker="o")
    axes.set_ylim(0, 1.08 * max(max(found[arm][name]["high"]) for arm, _, _ in ARMS) or 1)
    axes.set_xlabel("temperature")
    axes.set_title(title)
    style.tidy(axes)


def _by_lock(axes: "Axes", found: Curves) -> float:
    """Entropy by how locked a position is for the base; return the temperature that is shown."""
    temperatures = found["temperatures"]
    column = min(range(len(temperatures)), key=lambda index: abs(temperatures[index] - SHOWN_TEMPERATURE))
    counts = found["bins"]["positions"]
    for position, (arm, label, colour) in enumerate(ARMS):
        curves = found[arm]["truncated_entropy_by_bin"]
        value, low, high = (np.array(curves[name], dtype=np.float64)[:, column] for name in ("value", "low", "high"))
        x = np.arange(len(counts)) + (position - 0.5) * 0.4
        axes.bar(x, value, 0.36, color=colour, label=label)
        spread = np.maximum([value - low, high - value], 0)
        axes.errorbar(x, value, spread, fmt="none", ecolor=style.INK, elinewidth=1, alpha=0.65)
    names = _bin_names(found["bins"]["edges"])
    axes.set_xticks(range(len(counts)), [f"{name}\n{count:,}" for name, count in zip(names, counts, strict=True)])
    axes.set_xlabel("mass of the base's 20 likeliest tokens, % (below: positions)")
    axes.set_title("entropy, nats")
    style.tidy(axes)
    return float(temperatures[column])


def _bin_names(edges: list[float]) -> list[str]:
    """Return how the bins are called."""
    words = [_percent(edge) for edge in edges]
    if not words:
        return ["all"]
    middle = [f"{low}–{high}" for low, high in itertools.pairwise(words)]
    return [f"below {words[0]}", *middle, f"from {words[-1]}"]


def _percent(share: float) -> str:
    """Return a share near 1 with as many digits as what is missing to it asks for."""
    missing = max(100 - 100 * share, 1e-4)
    return f"{100 * share:.{max(1, -math.floor(math.log10(missing)))}f}"
