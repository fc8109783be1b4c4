"""The paper's own numbers (arXiv 2604.01193, tables 2 and 5), to stand beside a study of the same model and window.

Two rows of table 2 contradict themselves: their value over all problems is not the mean of their difficulties. They are
found by that arithmetic, and marked.
"""

import csv
from importlib import resources

from pydantic import BaseModel, ConfigDict

from ssd_jobs.study.runs import Run

__all__ = ["PaperOutsideRow", "PaperRow", "outside", "rows"]

TABLE = "paper_table_2.csv"
OUTSIDE = "paper_table_5.csv"
PROBLEMS = {
    "2025-02_2025-05": {"easy": 31, "medium": 39, "hard": 61},
    "2024-08_2025-02": {"easy": 92, "medium": 116, "hard": 166},
}
"""Window -> its problems by difficulty: the only split that its rows can have been made from."""
ROUNDED = 0.2
"""Points by which rounding can move a mean of difficulties."""
KS = (1, 5)


class PaperRow(BaseModel):
    """One row of the paper's table."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    window: str
    repo: str
    arm: str
    pass_at: dict[int, dict[str, float]]
    """k -> all | easy | medium | hard -> per cent."""

    @property
    def contradictory(self) -> bool:
        """Tell whether a value over all problems is not the mean of the difficulties."""
        sizes = PROBLEMS[self.window]
        means = {
            k: sum(found[name] * size for name, size in sizes.items()) / sum(sizes.values())
            for k, found in self.pass_at.items()
        }
        return any(abs(found["all"] - means[k]) > ROUNDED for k, found in self.pass_at.items())


class PaperOutsideRow(BaseModel):
    """One row of the paper's table of other benchmarks."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    arm: str
    values: dict[str, float]
    """The paper's name of a benchmark -> per cent."""


def rows(run: Run) -> tuple[PaperRow, ...]:
    """Return what the paper has of a run's model on its window: base and candidate, or nothing."""
    place = run.panel.window, _repo(run)
    return tuple(each for each in _table() if (each.window, each.repo) == place)


def outside(run: Run) -> tuple[PaperOutsideRow, ...]:
    """Return what the paper has of a run's model on other benchmarks: base and candidate, or nothing."""
    text = resources.files("ssd_jobs.study").joinpath(OUTSIDE).read_text(encoding="utf-8")
    found = (row for row in csv.DictReader(text.splitlines()) if row.pop("repo") == _repo(run))
    return tuple(
        PaperOutsideRow(arm=row.pop("arm"), values={name: float(value) for name, value in row.items()}) for row in found
    )


def _repo(run: Run) -> str:
    """Return the repository of a run's model, empty where it comes from elsewhere."""
    source = run.spec.get("model", {}).get("source", {}).get("huggingFace") or {}
    return str(source.get("repo", ""))


def _table() -> list[PaperRow]:
    """Read the whole table."""
    text = resources.files("ssd_jobs.study").joinpath(TABLE).read_text(encoding="utf-8")
    return [
        PaperRow(
            window=row["window"],
            repo=row["repo"],
            arm=row["arm"],
            pass_at={
                k: {name: float(row[f"pass{k}_{name}"]) for name in ("all", "easy", "medium", "hard")} for k in KS
            },
        )
        for row in csv.DictReader(text.splitlines())
    ]
