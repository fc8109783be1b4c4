"""`python -m ssd_jobs.commands.power`: a row for every way to run a study, a sentence for what cannot be."""

import json
from pathlib import Path

import pytest

from ssd_jobs.commands import power
from ssd_jobs.errors import BadInput
from ssd_jobs.scoring import gate_power
from ssd_jobs.scoring.base_rates import PAPER_BASE
from ssd_jobs.scoring.gate_power import Design


def rows(*arguments: str) -> list[dict[str, object]]:
    """What the program answers to programs."""
    found: list[dict[str, object]] = json.loads(power.main([*arguments, "--output=json"]))["rows"]
    return found


def test_every_combination_is_a_row() -> None:
    """Gains x problems x samples x replicates x shares; what is reported is what selection leaves."""
    found = rows("--gain=2,6", "--problems=131,262", "--samples=5,10", "--replicates=1,3", "--select-share=0,0.5")
    assert len(found) == 2**5
    assert {(each["problems"], each["select_share"], each["reported"]) for each in found} == {
        (131, 0.0, 131), (131, 0.5, 65), (262, 0.0, 262), (262, 0.5, 131),
    }  # fmt: skip


def test_the_chances_are_those_of_the_gates_rule() -> None:
    """What is printed is what is foreseen for the base, the gain and the gate that were given."""
    [found] = rows("--gain=3.3", "--samples=10", "--change-sd=5", "--confidence=0.9", "--min-gain=0.01")
    design = Design(samples=10, change_sd=0.05, confidence=0.9, min_gain=0.01)
    expected = gate_power.chances(PAPER_BASE, 0.033, design)
    assert found["chances"] == {"shown": expected.shown, "opens": expected.opens, "recipe": None}
    assert found["detectable"] == gate_power.detectable(PAPER_BASE, design)


def test_the_table_is_for_people() -> None:
    """It says where the base is from, what is shown in 80 % of runs, and what is taken to be."""
    told = power.main(["--prior=easy=31x79.7/90,hard=61x10.5", "--gain=3.3", "--replicates=3"])
    assert told.startswith("From the pass rates of --prior.\n")
    assert "recipe shown" in told
    assert "92 problems x 10 samples show a gain of " in told
    assert "--change-sd" in told
    assert "--training-sd" in told


def test_one_sentence_is_for_a_plan() -> None:
    """Problems, samples and what of them is to select on; how often a small gain is seen, and which gain in 80 %."""
    told = power.main(["--name=lcb-v6", "--problems=131", "--select-share=0.5", "--gain=3.3", "--output=sentence"])
    assert told.startswith("power on lcb-v6: 131 x 10, 50% of it select: +3.3 is seen in 49% of runs, +5.1 in 80%")


@pytest.mark.parametrize(
    ("arguments", "sentence"),
    [
        (["--gain=x"], "x: is no list of numbers such as 2,3.3"),
        (["--gain=90"], "a gain of 90 points is not possible: the base fails in 66.0 %"),
        (["--gain=2", "--replicates=0"], "0: is no list of whole numbers from 1 on, such as 131,262"),
        (["--gain=2", "--select-share=1"], "--select-share 1: must be 0 or more, and below 1"),
        (["--gain=2", "--problems=1"], "--problems 1: leaves 1 to report on, and an interval needs 2 or more"),
        (["--gain=2", "--prior=easy"], "--prior easy: write NAME=PROBLEMSxPASS1 or NAME=PROBLEMSxPASS1/PASS5, such as "
         "easy=31x79.7"),
        (["--gain=2", "--report=nowhere.json"], "nowhere.json: cannot be read (No such file or directory); name the "
         "report.json of a finished run"),
    ],
)  # fmt: skip
def test_what_cannot_be_asked_is_one_sentence(arguments: list[str], sentence: str) -> None:
    """It names what was given and what would be right."""
    with pytest.raises(BadInput) as refused:
        power.main(arguments)
    assert str(refused.value) == sentence


def test_a_file_that_is_no_report_is_named(tmp_path: Path) -> None:
    """So that nobody takes the config of a stage for its result."""
    file = tmp_path / "report.json"
    file.write_text('{"format": 1}')
    with pytest.raises(BadInput, match=r"report\.json: is no report that this release reads \(\w+\); make it again"):
        power.main(["--gain=2", f"--report={file}"])
