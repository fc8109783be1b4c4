"""The page of the paper's results: a reader who knows the paper finds every figure and table of it there."""

import csv
import re
from pathlib import Path

ROOT = Path(__file__).parent.parent
PAGE = (ROOT / "docs" / "paper.md").read_text()
FIGURES, TABLES = 15, 6
"""As many as the paper has, in its second version."""


def rows(kind: str) -> dict[int, str]:
    """Return what the page says of each figure or table, by number: the last cell of its row."""
    found = {}
    for label, cells in re.findall(rf"^\| {kind} ([\da-d, ]+) \|(.*)\|$", PAGE, re.MULTILINE):
        for number in re.findall(r"\d+", label):
            found[int(number)] = cells.rpartition("|")[2].strip()
    return found


def test_the_page_has_every_figure_and_table() -> None:
    """Each with what makes it, or with a sentence that says why nothing does."""
    assert rows("figure").keys() == set(range(1, FIGURES + 1))
    assert rows("table").keys() == set(range(1, TABLES + 1))
    for said in (*rows("figure").values(), *rows("table").values()):
        assert re.search(r"`[^`]+`|\*[^*]+\*|not built: \w+", said)


def test_headings_of_pages_that_are_named_are_there() -> None:
    """What the page calls a figure or section of a report or a study is a title that one of them has."""
    places = (ROOT / "ssd_jobs" / "study", ROOT / "ssd_jobs" / "stages" / "report", ROOT / "ssd_jobs" / "figures")
    sources = "".join(
        file.read_text() for place in places for file in place.rglob("*") if file.suffix in (".py", ".j2")
    )
    named = set(
        re.findall(r"(?<!\*)\*([A-Za-z][^*]+)\*(?!\*)", "".join((*rows("figure").values(), *rows("table").values())))
    )
    assert len(named) > 10
    assert [name for name in sorted(named) if name not in sources] == []


def test_table_5_stands_there_whole() -> None:
    """Both numbers of each of 35, and one's own beside them, or that there are none."""
    with (ROOT / "ssd_jobs" / "study" / "paper_table_5.csv").open() as file:
        arms = {(row["repo"].partition("/")[2], row["arm"]): row for row in csv.DictReader(file)}
    shown = re.findall(
        r"^\| ([\w.-]+) \| (\w[\w ]+) \| ([\d.]+) \| ([\d.]+) \| [-+][\d.]+ \| (.+) \|$", PAGE, re.MULTILINE
    )
    assert len(shown) == 35
    for model, name, base, candidate, own in shown:
        assert (base, candidate) == (arms[model, "Base"][name], arms[model, "Candidate"][name])
        assert re.fullmatch(r"not (measured yet|built)|[\d.]+, [\d.]+", own)
