"""The figures of a report; each one answers one question, and none is drawn without data."""

import itertools
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from ssd_jobs.figures import curves, mechanism, style
from ssd_jobs.figures.pages import Picture
from ssd_jobs.scoring.formatting import points
from ssd_jobs.stages.report.document import BenchmarkSection, Comparison, Document, SelectSection
from ssd_jobs.stages.report.evidence import Evidence
from ssd_jobs.stages.report.wording import ARM_NAMES, arm_label, versus
from ssd_jobs.tracking.series import read_points

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

__all__ = ["pictures"]


def pictures(document: Document, evidence: Evidence) -> list[Picture]:
    """Draw everything that there is data for."""
    found: list[Picture] = []
    for panel in document.panels:
        if panel.decides:
            found += _of_panel(panel, document.confidence)
            found += _distributions(panel.benchmark, evidence)
    for stage in evidence.stages:
        if stage.artifact.kind == "train" and stage.metrics:
            found += _loss(stage.metrics[0])
        if stage.statistics is not None:
            drawn = itertools.chain(curves.drawn(stage.statistics), mechanism.drawn(stage.statistics))
            found += [Picture(*each) for each in drawn]
    return found


def _of_panel(panel: BenchmarkSection, confidence: float) -> Iterator[Picture]:
    """Draw one benchmark under the mode that decides."""
    name, percent = panel.benchmark, f"{confidence * 100:g} %"
    with style.new(f"{name}-pass", columns=len(panel.k), width=4.4 * len(panel.k), height=3.3) as (figure, axes):
        for place, k in zip(axes, panel.k, strict=True):
            _bars(place, panel, k)
        figure.legend(*axes[0].get_legend_handles_labels(), loc="outside upper right", ncols=3)
        caption = f"Lines are {percent} intervals over problems and samples."
        yield _picture(figure, f"{name}-pass-at-k", f"{name}: pass@k by difficulty", caption)
    for comparison in panel.comparisons[-1:]:
        height = 1.1 + 0.4 * len(panel.problems)
        with style.new(f"{name}-gain", columns=len(panel.k), width=4.4 * len(panel.k), height=height) as (figure, axes):
            for place, k in zip(axes, panel.k, strict=True):
                _forest(place, comparison, k)
            caption = f"+SSD minus {versus(comparison)}, paired by problem, with {percent} intervals; hollow around 0."
            yield _picture(figure, f"{name}-gain", f"{name}: what was gained, in points", caption)
    if panel.scatter:
        with style.new(f"{name}-scatter", width=4.6, height=4.2) as (figure, axes):
            _scatter(axes[0], panel)
            caption = (
                "One circle per pair of pass rates, its area the number of problems; above the line SSD is better."
            )
            yield _picture(figure, f"{name}-problems", f"{name}: problem by problem", caption)
    if panel.select:
        with style.new(f"{name}-sweep", width=5.4, height=3.0) as (figure, axes):
            _sweep(axes[0], panel.select)
            caption = (
                f"Each point is one complete decode setting, on {panel.select.problems['all']} select problems of "
                f"{panel.select.benchmark}; the ring marks the one chosen."
            )
            yield _picture(figure, f"{name}-sweep", f"{name}: the settings to choose from", caption)


def _bars(axes: "Axes", panel: BenchmarkSection, k: int) -> None:
    """Both arms as they are compared, by difficulty: at their chosen settings where there are any."""
    chosen = any(arm.chosen for arm in panel.arms)
    compared = [arm for arm in panel.arms if (arm.chosen if chosen else arm.fixed)]
    series = [(arm_label(arm), style.ARMS[arm.arm], arm.pass_at[k]) for arm in compared]
    width = 0.8 / max(1, len(series))
    strata = list(panel.problems)
    for position, (label, colour, numbers) in enumerate(series):
        x = np.arange(len(strata)) + (position - (len(series) - 1) / 2) * width
        values = [100 * numbers[each].value for each in strata]
        errors = [[100 * (numbers[s].value - numbers[s].low) for s in strata]]
        errors.append([100 * (numbers[s].high - numbers[s].value) for s in strata])
        axes.bar(x, values, width * 0.86, color=colour, label=label)
        axes.errorbar(x, values, np.maximum(errors, 0), fmt="none", ecolor=style.INK, elinewidth=1, alpha=0.65)
    axes.set_xticks(range(len(strata)), [f"{each}\n{panel.problems[each]}" for each in strata])
    axes.set_ylim(0, 105)
    axes.set_xlim(-0.75, max(len(strata) - 0.25, 1.75))
    axes.set_title(f"pass@{k}, %")
    style.tidy(axes)


def _forest(axes: "Axes", comparison: Comparison, k: int) -> None:
    """Gains with intervals, one line per difficulty."""
    numbers = comparison.delta[k]
    strata = list(numbers)
    axes.axvline(0, color=style.INK, linewidth=1, alpha=0.45)
    for row, name in enumerate(strata):
        number = numbers[name]
        colour = style.SSD if number.value >= 0 else style.DIFFICULTY["hard"]
        axes.plot(
            [100 * number.low, 100 * number.high], [row, row], color=colour, linewidth=2.2, solid_capstyle="round"
        )
        face = colour if number.significant else style.PAPER
        axes.plot(100 * number.value, row, "o", color=colour, markerfacecolor=face, markeredgewidth=1.8, markersize=7)
        axes.annotate(points(number.value), (100 * number.value, row), (0, 8), textcoords="offset points", ha="center")
    axes.set_yticks(range(len(strata)), strata)
    axes.set_ylim(len(strata) - 0.4, -0.75)
    axes.grid(visible=False, axis="y")
    axes.grid(visible=True, axis="x")
    axes.set_title(f"pass@{k}")
    style.tidy(axes)


def _scatter(axes: "Axes", panel: BenchmarkSection) -> None:
    """Pass rates of both arms, problem by problem."""
    axes.plot([0, 100], [0, 100], color=style.INK, alpha=0.3, linewidth=1)
    for difficulty, colour in style.DIFFICULTY.items():
        pairs: dict[tuple[float, float], int] = {}
        for _, name, base, candidate in panel.scatter:
            if name == difficulty:
                pairs[base, candidate] = pairs.get((base, candidate), 0) + 1
        if pairs:
            x, y = (np.array([100 * pair[i] for pair in pairs]) for i in (0, 1))
            sizes = 26.0 * np.array(list(pairs.values()))
            axes.scatter(x, y, sizes, color=colour, alpha=0.62, linewidths=0)
            axes.scatter([], [], 36.0, color=colour, alpha=0.62, linewidths=0, label=difficulty or "no difficulty")
    axes.set_xlim(-4, 104)
    axes.set_ylim(-4, 104)
    axes.set_aspect("equal")
    axes.grid(visible=True, axis="both")
    axes.set_xlabel("base, % of samples right")
    axes.set_ylabel("+SSD, % of samples right")
    axes.legend(loc="lower right")
    style.tidy(axes)


def _sweep(axes: "Axes", select: SelectSection) -> None:
    """pass@1 over temperature for both arms."""
    k = min(select.arms[0].pass_at)
    for arm in ("Base", "Candidate"):
        found = sorted((each for each in select.arms if each.arm == arm), key=lambda each: each.decode.temperature)
        if not found:
            continue
        colour = style.ARMS[arm]
        x = [each.decode.temperature for each in found]
        numbers = [each.pass_at[k]["all"] for each in found]
        axes.fill_between(
            x, [100 * n.low for n in numbers], [100 * n.high for n in numbers], color=colour, alpha=0.13, linewidth=0
        )
        axes.plot(x, [100 * n.value for n in numbers], "o-", color=colour, label=ARM_NAMES[arm])
        for each, number in zip(found, numbers, strict=True):
            if each.chosen:
                axes.plot(
                    each.decode.temperature, 100 * number.value, "o", markersize=13, color=colour, fillstyle="none"
                )
    axes.set_xlabel("temperature")
    axes.set_title(f"pass@{k}, %")
    axes.legend()
    style.tidy(axes)


def _distributions(benchmark: str, evidence: Evidence) -> Iterator[Picture]:
    """Lengths and likelihoods of both arms."""
    found = {arm: evidence.distributions.get((benchmark, arm)) for arm in ("Base", "Candidate")}
    present = {arm: each for arm, each in found.items() if each is not None and each.lengths.size}
    if not present:
        return
    with style.new(f"{benchmark}-text", columns=2, width=8.8, height=2.7) as (figure, axes):
        _histogram(axes[0], {arm: each.lengths for arm, each in present.items()}, "tokens per generation")
        _histogram(axes[1], {arm: each.nll for arm, each in present.items()}, "mean NLL per token, nats")
        caption = (
            "Per cent of generations; the likelihood is the sampling model's own, without temperature or truncation."
        )
        yield _picture(figure, f"{benchmark}-generations", f"{benchmark}: length and likelihood", caption)


def _histogram(axes: "Axes", values: dict[str, NDArray[np.float64]], title: str) -> None:
    every = np.concatenate(list(values.values()))
    every = every[np.isfinite(every)]
    low, high = (0.0, 1.0) if every.size == 0 else np.quantile(every, [0, 0.995])
    if high - low < 1e-3 * max(1.0, abs(high)):
        low, high = low - 0.5, high + 0.5
    bins = np.linspace(low, high, 41).tolist()
    for arm, each in values.items():
        data = np.clip(each, low, high)
        data = data[np.isfinite(data)]
        weights = np.full(data.size, 100 / max(1, data.size))
        label = ARM_NAMES[arm]
        axes.hist(data, bins, weights=weights, color=style.ARMS[arm], alpha=0.25, linewidth=0)
        axes.hist(data, bins, weights=weights, color=style.ARMS[arm], histtype="step", linewidth=1.6, label=label)
    axes.set_title(title)
    axes.legend()
    style.tidy(axes)


def _loss(path: Path) -> Iterator[Picture]:
    """The loss of training."""
    points = sorted((each.step, each.value) for each in read_points(path) if each.key == "train/loss")
    if not points:
        return
    steps, values = (np.array(each, dtype=float) for each in zip(*points, strict=True))
    with style.new("loss", width=7.2, height=2.7) as (figure, axes):
        window = max(1, len(values) // 50)
        smooth = np.convolve(values, np.ones(window) / window, mode="valid")
        axes[0].plot(steps, values, color=style.SSD, alpha=0.3, linewidth=1)
        axes[0].plot(steps[window - 1 :], smooth, color=style.SSD, linewidth=2)
        axes[0].set_xlabel("optimizer step")
        axes[0].set_title("mean cross-entropy per completion token, nats")
        style.tidy(axes[0])
        caption = "The bold line is a running mean." if window > 1 else ""
        yield _picture(figure, "loss", "Training loss", caption)


def _picture(figure: "Figure", name: str, title: str, caption: str) -> Picture:
    return Picture(name, title, caption, *style.both(figure))
