"""The figures of a study: where scores peak, heat maps of both parts, and decoding alone against self-distillation."""

from collections.abc import Iterator, Sequence
from itertools import cycle, product
from typing import TYPE_CHECKING, Literal

import numpy as np

from ssd_jobs.figures import style
from ssd_jobs.figures.pages import Picture
from ssd_jobs.scoring import ALL
from ssd_jobs.study.cuts import cut, truncation
from ssd_jobs.study.document import PeakRow, Study, StudyPoint
from ssd_jobs.study.peak import Peak
from ssd_jobs.study.wording import best_sentence

if TYPE_CHECKING:
    from matplotlib.axes import Axes

__all__ = ["pictures"]

COLOURS = ("#3b76d6", "#d18b2c", "#3f9d6b", "#c4524e", "#7d6bb3")
SHOWN_STRATA = (ALL, "hard")
LINES = ("-", "--", ":", "-.")
MARKERS = ("o", "s", "^", "D")
LINE_HEIGHT = 0.17
"""Inches that a line of a label takes."""
PARTS: tuple[Literal["select", "report"], ...] = ("select", "report")


def pictures(study: Study) -> list[Picture]:
    """Draw everything that there is data for."""
    return [*_ablation(study), *_peaks(study), *_heat_maps(study), *_stress(study), *_decoding(study)]


def _peaks(study: Study) -> Iterator[Picture]:
    """Scores over T_train x T_eval, as in the paper's figure 3a."""
    if not study.peaks:
        return
    part, k = study.peaks[0].part, min(study.k)
    with style.new("peaks", width=7.2, height=4.0) as (figure, axes):
        for row, colour in zip(study.peaks, cycle(COLOURS)):
            own = [each for each in _candidates(study, part) if truncation(each.train, each.decode) == row.truncation]
            _peak(axes[0], row, own, k=k, colour=colour)
        axes[0].set_xlabel("T_train × T_eval")
        axes[0].set_title(f"pass@{k} on {part} problems, %")
        figure.legend(*axes[0].get_legend_handles_labels(), loc="outside lower center", ncols=2)
        style.tidy(axes[0])
        intervals = f"{study.confidence * 100:.4g} % intervals are of fits to the cells drawn again."
        points = "A point is one candidate at one decode setting."
        caption = " ".join([points, *map(_told, study.peaks), intervals]) + _best(study)
        yield Picture("peaks", "Effective temperature", caption, *style.both(figure))


def _peak(axes: "Axes", row: PeakRow, own: Sequence[StudyPoint], *, k: int, colour: str) -> None:
    """The cells of one truncation, their parabola, and the interval of its peak."""
    x = np.array([each.train.temperature * each.decode.temperature for each in own])
    axes.scatter(x, [_score(each, k) for each in own], 22, color=colour, alpha=0.7, linewidths=0, label=row.truncation)
    grid = np.linspace(x.min(), x.max(), 200)
    parabola = Peak(**row.model_dump(exclude={"truncation", "part"}))
    axes.plot(grid, parabola.at(grid), color=colour, linewidth=2)
    if row.peak is not None and row.low is not None and row.high is not None:
        axes.axvspan(max(row.low, x.min()), min(row.high, x.max()), color=colour, alpha=0.1, linewidth=0)
        axes.axvline(row.peak, color=colour, linewidth=1, linestyle=":")


def _told(row: PeakRow) -> str:
    """Return a fit in words."""
    if row.peak is None:
        return f"{row.truncation}: {row.cells} cells, no peak (R² {row.r_squared:.2f})."
    ends = f"[{'…' if row.low is None else f'{row.low:.2f}'}, {'…' if row.high is None else f'{row.high:.2f}'}]"
    return f"{row.truncation}: {row.cells} cells, peak {row.peak:.2f} {ends}, R² {row.r_squared:.2f}."


def _ablation(study: Study) -> Iterator[Picture]:
    """What every cell gained over its base: the forest of an ablation."""
    rows = [each for each in study.rows if each.gain]
    if len(rows) < 2:
        return
    labels = [_short(each.label) for each in rows]
    # A label has a line for each field in which its cell differs, and no two labels may meet.
    tall = max(0.34, LINE_HEIGHT * max(each.count("\n") + 1.5 for each in labels))
    width, height = 4.2 + 3.4 * len(study.k), 1.0 + tall * len(rows)
    with style.new("ablation", columns=len(study.k), width=width, height=height) as (figure, axes):
        for place, k in zip(axes, study.k, strict=True):
            place.axvline(0, color=style.INK, linewidth=1, alpha=0.45)
            for line, row in enumerate(rows):
                number = row.gain[k]["all"]
                colour = style.SSD if number.value >= 0 else style.DIFFICULTY["hard"]
                place.plot([100 * number.low, 100 * number.high], [line, line], color=colour, linewidth=2.2)
                face = colour if number.significant else style.PAPER
                place.plot(100 * number.value, line, "o", color=colour, markerfacecolor=face, markersize=7)
            place.set_yticks(range(len(rows)), [""] * len(rows))
            place.set_ylim(len(rows) - 0.4, -0.6)
            place.grid(visible=False, axis="y")
            place.grid(visible=True, axis="x")
            place.set_title(f"gain in pass@{k}, points")
            style.tidy(place)
        axes[0].set_yticks(range(len(rows)), labels)
        caption = (
            f"+SSD minus its base on {study.problems['all']} report problems, paired by problem, with "
            f"{study.confidence * 100:.4g} % intervals; hollow around 0.{_best(study)}"
        )
        yield Picture("ablation", "What each cell gained", caption, *style.both(figure))


def _best(study: Study) -> str:
    """What is worth saying of the best cell wherever it stands among others; empty where none was chosen."""
    return f" {best_sentence(study.best)}." if study.best else ""


def _short(label: str) -> str:
    """Return a cell's label with a line for each field in which it differs."""
    return label.replace(", ", "\n")


def _stress(study: Study) -> Iterator[Picture]:
    """Scores over steps of training and T_eval, as in the paper's stress test."""
    kinds: dict[str, list[StudyPoint]] = {}
    for each in _candidates(study):
        kinds.setdefault(f"T_train {each.train.temperature:g}, {truncation(each.train, each.decode)}", []).append(each)
    for number, (told, own) in enumerate(kinds.items()):
        yield from _grid(study, own, f"stress-{number}", f"Steps of training: {told}", told, by="steps")


def _heat_maps(study: Study) -> Iterator[Picture]:
    """Scores over both temperatures, select and report side by side."""
    for number, name in enumerate(dict.fromkeys(truncation(each.train, each.decode) for each in _candidates(study))):
        own = [each for each in _candidates(study) if truncation(each.train, each.decode) == name]
        yield from _grid(study, own, f"heat-{number}", f"Temperatures: {name}", name, by="T_train")


def _grid(
    study: Study, own: Sequence[StudyPoint], name: str, title: str, told: str, *, by: Literal["T_train", "steps"]
) -> Iterator[Picture]:
    """A heat map over T_eval and what training differed in, if it differed."""
    k = min(study.k)
    trained, decoded = {_row(each, by) for each in own}, {each.decode.temperature for each in own}
    if len(trained) < 2 or len(decoded) < 2:
        return
    shown = [part for part in PARTS if any(each.part == part for each in own)]
    scores = [_score(each, k) for each in own]
    width, height = (1.6 + 0.62 * len(decoded)) * len(shown), 1.4 + 0.42 * len(trained)
    with style.new(name, columns=len(shown), width=max(5.0, width), height=height) as (figure, axes):
        for place, part in zip(axes, shown, strict=True):
            cells = [each for each in own if each.part == part]
            _heat(place, cells, sorted(trained), sorted(decoded), by=by, k=k, ends=(min(scores), max(scores)))
            place.set_title(f"{part} problems")
        caption = (
            f"pass@{k}, %; {told}. Means over runs; a frame marks where a candidate is compared. Settings were "
            f"chosen on select problems; what is empty was not tried.{_above(study, own)}{_best(study)}"
        )
        yield Picture(name, title, caption, *style.both(figure))


def _above(study: Study, own: Sequence[StudyPoint]) -> str:
    """Return how many of these candidates are above the base, beside what chance gives."""
    names = {truncation(each.train, each.decode) for each in own}
    found = [each for each in study.above if {each.truncation} == names]
    return "".join(
        f" {each.above} of {each.candidates} candidates of this truncation are above the base ({100 * each.base:.1f}) "
        f"on {each.part} problems; by chance alone {each.expected:.0f} would be, in 95 % of studies {each.low:.0f} to "
        f"{each.high:.0f}."
        for each in found
    )


def _row(point: StudyPoint, by: Literal["T_train", "steps"]) -> float:
    return point.steps if by == "steps" else point.train.temperature


def _heat(
    axes: "Axes",
    cells: Sequence[StudyPoint],
    trained: Sequence[float],
    decoded: Sequence[float],
    *,
    by: Literal["T_train", "steps"],
    k: int,
    ends: tuple[float, float],
) -> None:
    """One part of the benchmark."""
    found: dict[tuple[int, int], list[StudyPoint]] = {}
    for each in cells:
        place = trained.index(_row(each, by)), decoded.index(each.decode.temperature)
        found.setdefault(place, []).append(each)
    from matplotlib.patches import Rectangle

    low, high = ends
    for (row, column), several in found.items():
        value = float(np.mean([_score(each, k) for each in several]))
        depth = 0.08 + 0.72 * ((value - low) / (high - low) if high > low else 0.5)
        corner = column - 0.47, row - 0.46
        axes.add_patch(Rectangle(corner, 0.94, 0.92, facecolor=style.SSD, alpha=depth, linewidth=0))
        if any(each.compared for each in several):
            axes.add_patch(Rectangle(corner, 0.94, 0.92, fill=False, edgecolor=style.INK, linewidth=1.2))
        axes.text(column, row, f"{value:.1f}", ha="center", va="center", fontsize=9)
    axes.set_xlim(-0.5, len(decoded) - 0.5)
    axes.set_ylim(-0.5, len(trained) - 0.5)
    axes.set_xticks(range(len(decoded)), [f"{each:g}" for each in decoded])
    axes.set_yticks(range(len(trained)), [f"{each:g}" for each in trained])
    axes.set_xlabel("T_eval")
    axes.set_ylabel(by)
    axes.grid(visible=False)
    style.tidy(axes)


def _decoding(study: Study) -> Iterator[Picture]:
    """The base at every decode setting beside the best cell, on all problems and on hard ones: the paper's figure 2."""
    cell = study.best.cell if study.best else next((each.label for each in study.rows if each.arm == "Candidate"), "")
    shown = [part for part in PARTS if any(each.part == part for each in study.points)]
    for k, stratum in product(study.k, (each for each in SHOWN_STRATA if each in study.problems)):
        name = f"decoding-{k}-{stratum}"
        points = [each for each in study.points if stratum in each.pass_at[k]]
        with style.new(name, columns=len(shown), width=4.9 * len(shown), height=3.4) as (figure, axes):
            for place, part in zip(axes, shown, strict=True):
                _arms(place, points, part, cell, (k, stratum))
                place.set_title(f"{part} problems" if stratum == ALL else f"{stratum} {part} problems")
            _same_ends(axes)
            named = {
                label: handle for each in axes for handle, label in zip(*each.get_legend_handles_labels(), strict=True)
            }
            figure.legend(named.values(), named.keys(), loc="outside upper right", ncols=2)
            caption = (
                f"pass@{k}, %, with {study.confidence * 100:.4g} % intervals over problems and samples. Settings were "
                f"chosen on select problems; a ring marks those that are compared. +SSD is the cell {cell}."
                f"{_best(study)}"
            )
            title = f"Decoding alone against self-distillation, pass@{k}, {stratum} problems"
            yield Picture(name, title, caption, *style.both(figure))


def _arms(axes: "Axes", points: Sequence[StudyPoint], part: str, cell: str, shown: tuple[int, str]) -> None:
    """Both arms on one part of the benchmark: joined where every setting was tried, a marker for each truncation."""
    cuts = list(dict.fromkeys(cut(each.decode) for each in points))
    for arm, label, colour in (("Base", "base", style.BASE), ("Candidate", "+SSD", style.SSD)):
        for place, name in enumerate(cuts):
            own = [each for each in points if (each.part, each.arm, cut(each.decode)) == (part, arm, name)]
            own = [each for each in own if arm == "Base" or each.cell == cell]
            dash = LINES[place % len(LINES)] if own and own[0].part == "select" else ""
            told = label if len(cuts) == 1 else f"{label}, {name}"
            _curves(axes, own, shown, colour=colour, label=told, line=dash, marker=MARKERS[place % len(MARKERS)])
    axes.set_xlabel("T_eval")
    style.tidy(axes)


def _same_ends(axes: Sequence["Axes"]) -> None:
    """Show the same range everywhere."""
    for which in ("x", "y"):
        ends = [getattr(each, f"get_{which}lim")() for each in axes]
        for each in axes:
            getattr(each, f"set_{which}lim")(min(low for low, _ in ends), max(high for _, high in ends))


def _curves(
    axes: "Axes",
    points: Sequence[StudyPoint],
    shown: tuple[int, str],
    *,
    colour: str,
    label: str,
    line: str,
    marker: str,
) -> None:
    """A line per run; the first one is named."""
    k, stratum = shown
    for number, experiment in enumerate(dict.fromkeys(each.experiment for each in points)):
        own = [each for each in points if each.experiment == experiment]
        found = sorted(own, key=lambda each: each.decode.temperature)
        x = [each.decode.temperature for each in found]
        numbers = [each.pass_at[k][stratum] for each in found]
        low, value, high = (
            np.array([100 * getattr(each, end) for each in numbers]) for end in ("low", "value", "high")
        )
        axes.errorbar(x, value, np.maximum([value - low, high - value], 0), fmt="none", ecolor=colour, alpha=0.45)
        name = None if number else label
        axes.plot(x, value, color=colour, label=name, marker=marker, markersize=5, linestyle=line or "none")
        for each, height in zip(found, value, strict=True):
            if each.compared:
                axes.plot(each.decode.temperature, height, "o", markersize=12, color=colour, fillstyle="none")


def _candidates(study: Study, part: str = "") -> list[StudyPoint]:
    return [each for each in study.points if each.arm == "Candidate" and part in ("", each.part)]


def _score(point: StudyPoint, k: int) -> float:
    return 100 * point.pass_at[k]["all"].value
