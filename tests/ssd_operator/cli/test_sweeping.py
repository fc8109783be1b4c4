"""`ssd sweep` and `ssd plan` of a sweep: which cells are meant, what is printed, and one sentence for every mistake."""

import csv
import io
import json
from collections.abc import Iterator
from itertools import chain
from pathlib import Path
from typing import Any

import pytest
import yaml
from rich.console import Console

from processes.program import ssd
from resources.sweeps import sweep
from ssd_jobs.contract.cells import CellRow, CellsTable, SelectedCell
from ssd_operator.cli import cells, sweep_table
from ssd_operator.errors import InvalidInput
from ssd_operator.local.chain import CellRun
from ssd_operator.local.sweep import LocalSweep
from ssd_operator.spec.sweep_resource import parse_sweep

SWEEP = parse_sweep(sweep())
CELLS = SWEEP.cells()


@pytest.mark.parametrize(
    ("wanted", "origins", "number"),
    [
        pytest.param([], {cell.origin for cell in CELLS}, 27, id="all"),
        pytest.param(["Ttrain=2.0"], {"Ttrain=2, cut=none", "Ttrain=2, cut=k10"}, 6, id="number"),
        pytest.param(["Ttrain=2,cut=k10"], {"Ttrain=2, cut=k10"}, 3, id="and"),
        pytest.param(["Ttrain=2,cut=k10", "cell=control"], {"Ttrain=2, cut=k10", "control"}, 6, id="or"),
        pytest.param(["Ttrain=0.5, cut=none, replicate=2"], {"Ttrain=0.5, cut=none"}, 1, id="replicate"),
    ],
)
def test_the_cells_that_are_meant(wanted: list[str], origins: set[str], number: int) -> None:
    """A comma means and, a further text or; a number may be written in any way."""
    found = cells.chosen(CELLS, wanted)
    assert ({cell.origin for cell in found}, len(found)) == (origins, number)


@pytest.mark.parametrize(
    ("wanted", "sentence"),
    [
        ("T=1", "--cells T=1: the sweep has no axis T; name one of Ttrain, cell, cut, replicate"),
        ("Ttrain=7", "--cells Ttrain=7: no cell has that; ssd plan shows all"),
        ("Ttrain=.inf", "--cells Ttrain=.inf: no cell has that; ssd plan shows all"),
    ],
)
def test_a_cell_that_is_not_there(wanted: str, sentence: str) -> None:
    """It is named with what there is."""
    with pytest.raises(InvalidInput) as refused:
        cells.chosen(CELLS, [wanted])
    assert str(refused.value) == sentence


def standing(folder: Path) -> list[CellRun]:
    """Return a sweep that has not begun."""
    return LocalSweep("heat", CELLS, SWEEP.fields, folder, tracking_uri="").cells()


def found() -> CellsTable:
    """Return what the first two cells found."""
    rows = [
        CellRow(
            name=cell.name, origin=cell.origin, replicate=cell.replicate, setting="t0d7-k20-p0d8", settings=3,
            select=0.5 + number / 10, base_select=0.4, report=0.45, report_low=0.4, report_high=0.5, base_report=0.41,
            difference=0.04, difference_low=-0.01, difference_high=0.09, over_baseline=None, curve=None, over_root=None,
            over_root_low=None, over_root_high=None,
        )
        for number, cell in enumerate(CELLS[:2])
    ]  # fmt: skip
    best = SelectedCell(
        origin=CELLS[0].origin, name=CELLS[1].name, cells=1, runs=2, select=0.55, report=0.45, optimism=0.0123
    )
    return CellsTable(
        benchmark="toy", select_benchmark="toy", k=1, select_problems=40, report_problems=120, gpu_hours=0.0,
        rows=tuple(rows), best=best,
    )  # fmt: skip


def test_the_exported_table_has_a_row_per_cell(tmp_path: Path) -> None:
    """Its columns are the axes, the replicate, and all numbers, which are empty where a cell has not finished."""
    file = tmp_path / "table.csv"
    sweep_table.export(file, standing(tmp_path), found())
    rows = list(csv.DictReader(io.StringIO(file.read_text())))
    assert len(rows) == len(CELLS)
    first, last = rows[1], rows[-1]
    assert (first["Ttrain"], first["cut"], first["replicate"], first["name"]) == ("0.5", "none", "2", CELLS[1].name)
    assert (first["select"], first["report"], first["difference_low"], first["over_baseline"]) == (
        "0.6",
        "0.45",
        "-0.01",
        "",
    )
    assert (last["cell"], last["Ttrain"], last["phase"], last["select"]) == ("control", "", "Pending", "")


def test_the_best_says_what_it_is_the_best_of(tmp_path: Path) -> None:
    """Of how many, on which problems, its value on either part, the optimism, and that cells are missing."""
    console = Console(file=io.StringIO(), width=300)
    sweep_table.show(console, standing(tmp_path), found(), planned="0")
    assert isinstance(console.file, io.StringIO)
    assert console.file.getvalue().splitlines()[-1].rstrip() == (
        "best: Ttrain=0.5, cut=none, of 1 cells in 2 runs by pass@1 on 40 select problems of toy: 0.550 there, 0.450 "
        "on 120 report problems of toy; optimism +1.2 points; 25 of 27 runs have not finished"
    )


def test_a_step_is_told_with_what_it_is_not(tmp_path: Path) -> None:
    """The table says at which step of how many a candidate was taken, and that this is no training of so many steps."""
    parsed = parse_sweep(sweep(candidateSteps=[50, 125]))
    standing = LocalSweep("heat", parsed.cells(), parsed.fields, tmp_path, tracking_uri="").cells()
    console = Console(file=io.StringIO(), width=300)
    sweep_table.show(console, standing, None, planned="0")
    sweep_table.export(tmp_path / "table.csv", standing, None)
    assert isinstance(console.file, io.StringIO)
    assert "Ttrain=0.5, cut=none, step 50 of 125" in console.file.getvalue()
    assert "step 250 of 1,000 is not a run of 250 steps" in console.file.getvalue()
    rows = list(csv.DictReader(io.StringIO((tmp_path / "table.csv").read_text())))
    assert [row["candidate_step"] for row in rows[:2]] == ["50", "125"]
    assert {cell.step for cell in cells.chosen(parsed.cells(), ["step=50"])} == {50}


def written(folder: Path, **changes: Any) -> str:
    """Write a sweep into a file and return its name."""
    (folder / "heat.yaml").write_text(yaml.safe_dump(sweep(**changes), sort_keys=False))
    return "heat.yaml"


def test_the_plan_of_a_sweep_counts_each_stage_once(tmp_path: Path) -> None:
    """Rows for programs and sentences for people say the same, and nothing is started."""
    file = written(tmp_path)
    rows = json.loads(ssd("plan", file, "--output", "json", cwd=tmp_path).stdout)
    keys = set(chain.from_iterable(row["stages"].values() for row in rows))
    assert len(rows) == 27
    assert sum(len(row["own"]) for row in rows) == len(keys) == 275
    shown = ssd("plan", file, cwd=tmp_path).stdout
    assert "27 cells need 275 stages (1 prepare, 24 sample," in shown
    assert "each of which runs once; one by one they need 513" in shown
    assert [path.name for path in tmp_path.iterdir()] == [file]


def mistakes() -> Iterator[tuple[str, tuple[str, ...], dict[str, Any], str]]:
    """Yield a name, arguments, changes of the sweep, and the sentence."""
    yield "of a cell", ("plan",), {"replicates": 0}, "spec.replicates: must be at least 1, but is 0"
    yield "run", ("run",), {}, "kind: is SelfDistillationSweep: a sweep is carried out by ssd sweep"
    yield "configs", ("plan", "--configs"), {}, "--configs: heat.yaml is a sweep, which has many"
    yield "no cell", ("sweep", "--cells", "T=1"), {}, "--cells T=1: the sweep has no axis T"
    yield "export", ("sweep", "--export", "no/where.csv"), {}, "--export no/where.csv: there is no such folder"


@pytest.mark.parametrize(
    ("_name", "arguments", "changes", "sentence"), list(mistakes()), ids=[name for name, *_ in mistakes()]
)
def test_a_mistake_is_one_sentence(
    _name: str, arguments: tuple[str, ...], changes: dict[str, Any], sentence: str, tmp_path: Path
) -> None:
    """It ends with 64, and nothing is made."""
    command, *options = arguments
    done = ssd(command, written(tmp_path, **changes), *options, cwd=tmp_path)
    assert (done.returncode, done.stdout) == (64, "")
    assert sentence in done.stderr
    assert "Traceback" not in done.stderr
    assert [path.name for path in tmp_path.iterdir()] == ["heat.yaml"]
