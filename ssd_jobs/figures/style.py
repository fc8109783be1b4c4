"""The look of every figure: one palette, quiet axes, and colours that follow the page's theme.

A figure is made once as SVG. Its ink is a marker colour that becomes `currentColor`, so that the same drawing is
readable on a light and on a dark page; for MLflow it is made a second time as PNG on white.
"""

import io
from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

__all__ = ["ARMS", "BASE", "DIFFICULTY", "INK", "PAPER", "SSD", "both", "new", "tidy"]

BASE = "#8b97a8"
SSD = "#3b76d6"
ARMS = {"Base": BASE, "Candidate": SSD}
DIFFICULTY = {"easy": "#3f9d6b", "medium": "#d18b2c", "hard": "#c4524e", "": "#7d6bb3"}
INK = "#0a0b0c"
FAINT = "#0a0b0d"
PAPER = "#fefdfc"
"""The marker of what is behind a figure: the page's card, or white."""

RC = {
    "font.family": "sans-serif",
    "font.sans-serif": ["Inter", "Helvetica Neue", "Arial", "DejaVu Sans"],
    "font.size": 10,
    "axes.titlesize": 11,
    "axes.titleweight": "bold",
    "axes.titlelocation": "left",
    "axes.titlepad": 10,
    "axes.edgecolor": FAINT,
    "axes.labelcolor": INK,
    "axes.titlecolor": INK,
    "text.color": INK,
    "xtick.color": INK,
    "ytick.color": INK,
    "axes.spines.top": False,
    "axes.spines.right": False,
    "axes.spines.left": False,
    "axes.grid": True,
    "axes.grid.axis": "y",
    "axes.axisbelow": True,
    "grid.color": FAINT,
    "grid.alpha": 0.12,
    "grid.linewidth": 0.8,
    "xtick.major.size": 0,
    "ytick.major.size": 0,
    "legend.frameon": False,
    "legend.fontsize": 9,
    "svg.fonttype": "none",
    "figure.facecolor": "none",
    "axes.facecolor": "none",
    "savefig.facecolor": "none",
}


@contextmanager
def new(
    name: str, *, columns: int = 1, rows: int = 1, width: float = 8.0, height: float = 3.2
) -> "Iterator[tuple[Figure, list[Axes]]]":
    """Yield a figure with axes side by side, row by row, and close it afterwards."""
    import matplotlib as mpl

    mpl.use("Agg")
    from matplotlib import pyplot as plt

    with mpl.rc_context({**RC, "svg.hashsalt": name}):
        figure, axes = plt.subplots(rows, columns, figsize=(width, height), layout="constrained", squeeze=False)
        try:
            yield figure, list(axes.flat)
        finally:
            plt.close(figure)


def tidy(axes: "Axes") -> None:
    """Remove what carries no information."""
    axes.spines["bottom"].set_alpha(0.35)
    axes.tick_params(pad=5)


def _svg(figure: "Figure") -> str:
    """Return the figure as an element for a page: no prolog, no date, ink in the page's colour."""
    buffer = io.StringIO()
    figure.savefig(buffer, format="svg", metadata={"Date": None, "Creator": None})
    text = buffer.getvalue()
    text = (
        text[text.index("<svg") :]
        .replace(INK, "currentColor")
        .replace(FAINT, "currentColor")
        .replace(PAPER, "var(--card)")
    )
    return text.replace("<svg ", '<svg role="img" ', 1)


def _png(figure: "Figure") -> bytes:
    """Return the figure on white."""
    buffer = io.BytesIO()
    figure.savefig(buffer, format="png", dpi=140, facecolor="white", metadata={"Software": None})
    return buffer.getvalue()


def both(figure: "Figure") -> tuple[str, bytes]:
    """Return the figure in both forms."""
    return _svg(figure), _png(figure)
