"""Small sweeps, drawn."""

from typing import Any

from hypothesis import strategies as st

from resources.sweeps import sweep
from ssd_operator.spec.sweep_rules import COLUMNS

VALUES: dict[str, st.SearchStrategy[Any]] = {
    "sampling.temperature": st.floats(0, 2).map(lambda each: round(each, 3)),
    "sampling.topK": st.integers(0, 50),
    "training.steps": st.integers(100, 140),
    "training.lossWeighting": st.sampled_from(["Token", "Sequence"]),
}
NAMES = st.from_regex(r"[A-Za-z][A-Za-z0-9.-]{0,20}[A-Za-z0-9]", fullmatch=True).filter(
    lambda name: name not in COLUMNS
)


@st.composite
def sweeps(draw: st.DrawFn, *, most_axes: int = 3) -> dict[str, Any]:
    """Draw a small sweep."""
    fields = draw(st.lists(st.sampled_from(sorted(VALUES)), min_size=1, max_size=most_axes, unique=True))
    names = draw(st.lists(NAMES, min_size=len(fields), max_size=len(fields), unique=True))
    axes = [
        {"name": name, "field": field, "values": draw(st.lists(VALUES[field], min_size=1, max_size=3, unique=True))}
        for name, field in zip(names, fields, strict=True)
    ]
    beside = [
        {"name": name, "set": {"sampling": {"topP": 0.5}}} for name in draw(st.lists(NAMES, max_size=2, unique=True))
    ]
    name = draw(st.from_regex(r"[a-z]([a-z0-9-]{0,38}[a-z0-9])?", fullmatch=True))
    steps = draw(st.sampled_from(([], [], [50], [50, 100])))
    return sweep(name, axes=axes, cells=beside, baseline=None, replicates=draw(st.integers(1, 3)), candidateSteps=steps)
