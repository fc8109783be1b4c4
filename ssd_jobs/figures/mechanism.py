"""Why decoding changes: forks and locks by rank, the factors of a gain, ranks of right tokens, and groups of tokens."""

import json
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from ssd_jobs.figures import style, tokens
from ssd_jobs.figures.curves import ARMS, Curves, curve, legend, where

if TYPE_CHECKING:
    from matplotlib.axes import Axes

__all__ = ["drawn"]

Drawn = Iterator[tuple[str, str, str, str, bytes]]
KINDS = {"fork": "forks", "lock": "locks"}
KIND_WORDS = (
    "At a fork no token of the base has half of the probability, at a lock one has, and above 99 % a place is certain."
)
PERFECT = "#d18b2c"
LEAST = 1e-6
"""Probabilities below are not drawn."""
SPLITS = {"kind": "", "entropy": "nats", "class": ""}
SHOWN_TEMPERATURE = 1.0


def drawn(path: Path) -> Drawn:
    """Yield name, title, caption, and both forms of each figure."""
    found: Curves = json.loads(path.read_text())
    kinds = next(each for each in found["splits"] if each["by"] == "kind")
    if any(kind in kinds["labels"] for kind in KINDS):
        yield _rank_profile(found, kinds)
    if found["factors"]["positions"]:
        yield _factors(found)
    if found["ranks"] is not None:
        yield _ranks(found)
    yield _splits(found)
    yield from tokens.drawn(found)


def _rank_profile(found: Curves, kinds: Curves) -> tuple[str, str, str, str, bytes]:
    """Probability by rank at forks and at locks, with where the training samples were cut."""
    shown = [kind for kind in KINDS if kind in kinds["labels"]]
    with style.new("rank-profile", columns=len(shown), width=4.6 * len(shown), height=3.3) as (figure, axes):
        for place, kind in zip(axes, shown, strict=True):
            _profile(place, kinds, kinds["labels"].index(kind))
            place.set_title(f"{KINDS[kind]}: {kinds['positions'][kinds['labels'].index(kind)]:,} positions")
        legend(figure, axes[0])
        caption = (
            "Probability of the token at each rank; the line is where the support of the training samples ends on "
            f"average: what is right of it was never sampled. {KIND_WORDS} {where(found)}"
        )
        return "rank-profile", "Forks and locks, rank by rank", caption, *style.both(figure)


def _profile(axes: "Axes", kinds: Curves, row: int) -> None:
    """One kind of positions."""
    for arm, label, colour in ARMS:
        values = {name: np.array(each[row], np.float64) for name, each in kinds[arm]["by_rank"].items()}
        ranks = range(1, len(values["value"]) + 1)
        values = {name: np.where(each > LEAST, each, np.nan) for name, each in values.items()}
        curve(axes, ranks, values, colour=colour, label=label, marker="o")
    end = kinds["target_tokens"]["value"][row]
    if end is not None:
        axes.axvline(end + 0.5, color=style.INK, linewidth=1, linestyle="--", alpha=0.6)
        axes.annotate(
            f"S: {end:.1f} tokens", (end + 0.5, 0.96), xytext=(4, 0), xycoords=("data", "axes fraction"),
            textcoords="offset points", va="top", fontsize=9,
        )  # fmt: skip
    axes.set_yscale("log")
    axes.set_xscale("log")
    axes.set_xticks([1, 2, 3, 5, 10, 20, 50], ["1", "2", "3", "5", "10", "20", "50"])
    axes.minorticks_off()
    axes.set_xlabel("rank")
    style.tidy(axes)


def _factors(found: Curves) -> tuple[str, str, str, str, bytes]:
    """What the candidate gains on the tokens of passing answers, by proposition B.3."""
    factors = found["factors"]
    panels = (("compression", "compression"), ("reshaping", "reshaping"), ("gain", "both"))
    with style.new("factors", columns=3, width=11.4, height=3.1) as (figure, axes):
        for place, (name, title) in zip(axes, panels, strict=True):
            temperatures = found["temperatures"]
            for key, label, colour in ((f"perfect_{name}", "perfect student", PERFECT), (name, "+SSD", style.SSD)):
                curve(place, temperatures, factors[key], colour=colour, label=label, marker="o")
            place.axhline(0, color=style.INK, linewidth=0.8, alpha=0.5)
            place.set_xlabel("temperature")
            place.set_title(f"{title}, nats")
            style.tidy(place)
        _same_ends(axes)
        legend(figure, axes[0])
        share = 100 * factors["inside"]["value"]
        caption = (
            "How much likelier the token that follows in a passing answer is than under the base, as the logarithm of "
            "two factors (proposition B.3): the probability that was drawn into the tokens that training samples could "
            "have, and the token's share of them. Orange is a student that learned its target perfectly. "
            f"Of these tokens {share:.1f} % are among those, {factors['positions']:,} positions."
        )
        return "factors", "Where a gain comes from", caption, *style.both(figure)


def _same_ends(axes: Sequence["Axes"]) -> None:
    """Show the same range everywhere."""
    ends = [each.get_ylim() for each in axes]
    for each in axes:
        each.set_ylim(min(low for low, _ in ends), max(high for _, high in ends))


def _ranks(found: Curves) -> tuple[str, str, str, str, bytes]:
    """The rank of the token that a passing answer takes, before and after."""
    ranks = found["ranks"]
    with style.new("ranks", columns=2, width=9.2, height=3.1) as (figure, axes):
        for number, (arm, label, colour) in enumerate(ARMS):
            _bars(axes[0], ranks[arm], number, label=label, colour=colour)
        names = [str(low) if low == high else f"{low}–{high}" if high else f"{low}+" for low, high in ranks["steps"]]
        axes[0].set_xticks(range(len(names)), names)
        axes[0].set_xlabel("rank of the token that follows")
        axes[0].set_title("tokens of passing answers, %")
        groups = [name for name in ("all", "inside", "outside") if ranks["moved"][name]["positions"]]
        for number, (label, colour) in enumerate((("better", style.SSD), ("worse", style.BASE))):
            values = {
                name: [ranks["moved"][group][name][number] for group in groups] for name in ("value", "low", "high")
            }
            _bars(axes[1], values, number, label=label, colour=colour)
        axes[1].set_xticks(range(len(groups)), [f"{each}\n{ranks['moved'][each]['positions']:,}" for each in groups])
        axes[1].set_title("moved to another rank, %")
        for place in axes:
            style.tidy(place)
            # Room for the legend, and no negative shares where nothing moved.
            place.set_ylim(0, 1.3 * max(place.get_ylim()[1], 1))
            place.legend(loc="upper right")
        caption = (
            "Does ranking improve? A perfect student keeps the base's order among the tokens that training samples "
            "could have (proposition B.2): inside, nothing moves but by chance. "
            f"{100 * found['confidence']:g} % intervals by problem."
        )
        return "ranks", "The rank of right tokens, before and after", caption, *style.both(figure)


def _bars(axes: "Axes", values: Curves, number: int, *, label: str, colour: str) -> None:
    """One of two sets of bars side by side, in per cent."""
    value, low, high = (100 * np.array(values[name], np.float64) for name in ("value", "low", "high"))
    x = np.arange(len(value)) + (number - 0.5) * 0.4
    axes.bar(x, value, 0.36, color=colour, label=label)
    spread = np.maximum([value - low, high - value], 0)
    axes.errorbar(x, value, spread, fmt="none", ecolor=style.INK, elinewidth=1, alpha=0.65)


def _splits(found: Curves) -> tuple[str, str, str, str, bytes]:
    """Both arms in every group of positions."""
    rows = [(split, number) for split in found["splits"] for number in range(len(split["labels"]))]
    column = min(
        range(len(found["temperatures"])), key=lambda each: abs(found["temperatures"][each] - SHOWN_TEMPERATURE)
    )
    entropy = "entropy, nats" if found["truncation"] is None else "truncated entropy, nats"
    with style.new("splits", columns=4, width=12.4, height=1.2 + 0.27 * len(rows)) as (figure, axes):
        for place, (split, number) in enumerate(rows):
            for arm, label, colour in ARMS:
                named = label if not place else ""
                name, pick = ("entropy", None) if found["truncation"] is None else ("truncated_entropy", column)
                _dot(axes[0], split[arm][name], number, place, pick, colour=colour, label=named)
                _dot(axes[1], split[arm]["divergence"], number, place, None, colour=colour)
            _dot(axes[2], split["other_choice"], number, place, None, colour=style.SSD, scale=100)
            for name, colour in (("compression", PERFECT), ("reshaping", style.DIFFICULTY["easy"])):
                _dot(axes[3], split[name], number, place, column, colour=colour, label="" if place else name)
        for each, title in zip(
            axes,
            (entropy, "distance to the target, nats", "other greedy choice, %", "gain by factor, nats"),
            strict=True,
        ):
            each.set_title(title)
            each.set_yticks(range(len(rows)), [""] * len(rows))
            each.set_ylim(len(rows) - 0.4, -0.6)
            each.margins(x=0.12)
            style.tidy(each)
        axes[0].set_yticks(range(len(rows)), [_row(split, number) for split, number in rows])
        most = max(axes[2].get_xlim()[1], 1)
        axes[2].set_xlim(-0.04 * most, most)
        for edge in np.cumsum([len(split["labels"]) for split in found["splits"]])[:-1]:
            for each in axes:
                each.axhline(edge - 0.5, color=style.INK, linewidth=0.8, alpha=0.4)
        figure.legend(loc="outside upper right", ncols=4)
        caption = (
            f"By forks and locks, by the base's entropy in nats, and by what the token is in Python; decoded at "
            f"temperature {found['temperatures'][column]:g}. {KIND_WORDS} {where(found)}"
        )
        return "splits", "Which tokens changed", caption, *style.both(figure)


def _dot(
    axes: "Axes", values: Curves, row: int, place: int, column: int | None, *, colour: str, label: str = "",
    scale: float = 1,
) -> None:  # fmt: skip
    """One mean with its interval; what is not known is left out."""
    value, low, high = (values[name][row] for name in ("value", "low", "high"))
    if column is not None:
        value, low, high = value[column], low[column], high[column]
    if value is None or low is None:
        value = low = high = np.nan
    axes.plot([scale * low, scale * high], [place, place], color=colour, linewidth=2, alpha=0.5)
    axes.plot(scale * value, place, "o", color=colour, markersize=6, label=label or None)


def _row(split: Curves, number: int) -> str:
    """Return what a group is called, with its positions."""
    unit = SPLITS[split["by"]]
    name = f"{split['labels'][number]} {unit}".strip()
    return f"{name} ({split['positions'][number]:,})"
