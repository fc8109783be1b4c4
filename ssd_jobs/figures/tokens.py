"""Texts token by token: one program as a heat map in both models, and where greedy decoding of the two parts."""

from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING

import numpy as np

from ssd_jobs.figures import style
from ssd_jobs.figures.curves import ARMS, Curves

if TYPE_CHECKING:
    from matplotlib.axes import Axes

__all__ = ["drawn"]

WIDTH = 58
"""Letters in a line of a panel."""
TAB = "    "


def drawn(found: Curves) -> Iterator[tuple[str, str, str, str, bytes]]:
    """Yield name, title, caption, and both forms of each figure."""
    if found["program"] is not None:
        yield _program(found["program"])
    if found["greedy"]["points"]:
        yield _greedy(found["greedy"])


def _program(program: Curves) -> tuple[str, str, str, str, bytes]:
    """One program, its tokens coloured by how uncertain each model is before them."""
    places = list(_laid_out(program["tokens"]))
    lines = 1 + max(line for line, *_ in places)
    most = max(*program["base"]["entropy"], *program["candidate"]["entropy"], 1e-9)
    with style.new("program", columns=2, width=11.4, height=0.7 + 0.2 * lines) as (figure, axes):
        for each, (arm, label, _) in zip(axes, ARMS, strict=True):
            _heat(each, places, program[arm], most, lines)
            each.set_title(f"{label}: {np.mean(program[arm]['entropy']):.2f} nats a token")
        passed = "passed" if program["passed"] else "did not pass"
        writer = "base" if program["written_by"] == "Base" else "candidate"
        caption = (
            f"The darker, the more uncertain the model is before a token: from 0 to {most:.2f} nats, at temperature 1 "
            f"and uncut. A line below a token: the model would have taken another one. Written by the {writer} for "
            f"{program['problem_id']}; the program {passed}."
        )
        return "program", "One program in both models", caption, *style.both(figure)


def _laid_out(tokens: Sequence[str]) -> Iterator[tuple[int, int, str, int]]:
    """Yield line, column, text and number of every piece of a token that stands in one line."""
    line = column = 0
    for number, token in enumerate(tokens):
        for part, whole in enumerate(token.replace("\t", TAB).split("\n")):
            if part:
                line, column = line + 1, 0
            rest = whole
            while rest:
                if column >= WIDTH:
                    line, column = line + 1, 0
                piece, rest = rest[: WIDTH - column], rest[WIDTH - column :]
                yield line, column, piece, number
                column += len(piece)


def _heat(
    axes: "Axes", places: Sequence[tuple[int, int, str, int]], arm: Curves, most: float, lines: int
) -> None:  # fmt: skip
    """One model's panel."""
    from matplotlib.patches import Rectangle

    for line, column, text, number in places:
        depth = 0.75 * arm["entropy"][number] / most
        axes.add_patch(Rectangle((column, line - 0.46), len(text), 0.92, facecolor=style.SSD, alpha=depth, linewidth=0))
        if arm["rank"][number] > 1:
            axes.plot([column, column + len(text)], [line + 0.42] * 2, color=style.INK, linewidth=1)
        for place, letter in enumerate(_shown(text)):
            if letter == " ":
                continue
            axes.text(
                column + place + 0.5, line, letter, family="monospace", fontsize=8, ha="center", va="center",
                parse_math=False,
            )  # fmt: skip
    axes.set_xlim(0, WIDTH)
    axes.set_ylim(lines - 0.4, -0.7)
    _bare(axes)


def _greedy(greedy: Curves) -> tuple[str, str, str, str, bytes]:
    """The first places where the models' likeliest tokens differ."""
    points = greedy["points"]
    with style.new("greedy", width=11.4, height=0.8 + 0.24 * len(points)) as (figure, axes):
        place = axes[0]
        for line, point in enumerate(points):
            before = _one_line(point["before"])[-40:]
            choices = (_told(point[arm]) for arm in ("base", "candidate"))
            row = (f"{_one_line(point['problem_id'])[:18]} @ {point['place']}", before, *choices)
            for x, text, side in zip((0, 0.56, 0.58, 0.8), row, ("left", "right", "left", "left"), strict=True):
                colour = style.SSD if x == 0.8 else style.INK
                place.text(
                    x, line, text, family="monospace", fontsize=8, ha=side, va="center", color=colour, parse_math=False
                )
        for x, text, side in (
            (0, "problem @ token", "left"),
            (0.56, "… text before", "right"),
            (0.58, "base", "left"),
            (0.8, "+SSD", "left"),
        ):
            place.text(x, -1, text, fontsize=9, fontweight="bold", ha=side, va="center")
        place.set_xlim(0, 1)
        place.set_ylim(len(points) - 0.4, -1.6)
        _bare(place)
        caption = (
            f"In {greedy['contexts_that_part']:,} of {greedy['contexts']:,} texts the models' likeliest tokens differ "
            "somewhere among the places looked at. The first such place of a text, with what either would take there "
            "and how sure it is."
        )
        return "greedy", "Where greedy decoding parts", caption, *style.both(figure)


def _told(choice: Curves) -> str:
    return f"{_one_line(choice['token'])[:14]!r} {100 * choice['probability']:.1f} %"


def _one_line(text: str) -> str:
    """Return a text whose line ends are seen."""
    return _shown(text.replace("\n", "⏎").replace("\t", TAB))


def _shown(text: str) -> str:
    """Return a text with a dot for what a font cannot draw; a model may write anything."""
    return "".join(letter if letter.isprintable() else "·" for letter in text)


def _bare(axes: "Axes") -> None:
    """Take away all that belongs to numbers."""
    axes.set_xticks([])
    axes.set_yticks([])
    axes.grid(visible=False)
    axes.spines["bottom"].set_visible(False)
