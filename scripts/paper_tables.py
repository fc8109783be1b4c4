"""The paper's table 5 as a table of docs/paper.md, with a place for one's own numbers beside each of its own."""

import csv
from collections.abc import Iterator
from importlib import resources

OWN: dict[tuple[str, str], tuple[float, float]] = {}
"""Model and benchmark -> base and +SSD in per cent, once somebody has measured them with the command on the page."""
NOT_BUILT = {"HumanEval Shell"}
"""Benchmarks of the table that nothing here can grade."""


def outside() -> list[str]:
    """Return the lines of the table: a row for each model and benchmark."""
    heads = ("model", "benchmark", "the paper's base", "+SSD", "change", "ours: base, +SSD")
    return [f"| {' | '.join(line)} |" for line in (heads, ("---",) * len(heads), *_rows())]


def _rows() -> Iterator[tuple[str, ...]]:
    text = resources.files("ssd_jobs.study").joinpath("paper_table_5.csv").read_text(encoding="utf-8")
    arms = {(row["repo"], row["arm"]): row for row in csv.DictReader(text.splitlines())}
    for repo in dict.fromkeys(repo for repo, _ in arms):
        base, candidate = arms[repo, "Base"], arms[repo, "Candidate"]
        for name in list(base)[2:]:
            change = float(candidate[name]) - float(base[name])
            yield repo.partition("/")[2], name, base[name], candidate[name], f"{change:+.1f}", _own(repo, name)


def _own(repo: str, name: str) -> str:
    if name in NOT_BUILT:
        return "not built"
    found = OWN.get((repo, name))
    return f"{found[0]:.1f}, {found[1]:.1f}" if found else "not measured yet"
