"""What a report reads: generations are shown wherever they are."""

import dataclasses
from pathlib import Path

import pytest

from configs.report import CHOSEN, KEY, report_config
from ssd_jobs import artifacts, contract
from ssd_jobs.artifacts import tables
from ssd_jobs.contract import files
from ssd_jobs.stages.report import evidence
from workspaces import reported
from workspaces.provenance import EMPTY


def test_an_empty_first_shard_hides_no_generation(tmp_path: Path) -> None:
    """With more shards than problems the first one may be empty; generations of the next one are shown."""
    root = reported.workspace(tmp_path, lcb=False)
    for folder in (root / "generations").iterdir():
        files.shard(folder, 0, 1).rename(files.shard(folder, 1, 2))
        empty = artifacts.Output(path=files.shard(folder, 0, 2), stage="generate", name="g", key=KEY, shard=0)
        with empty.claim() as draft:
            draft.write_table(files.part(0), tables.SAMPLES, tables.table(tables.SAMPLES, []))
            draft.finish(EMPTY)
    tracking = contract.Tracking(uri="", experiment="e", run_key="r", run_name="r")
    found = evidence.gather(report_config(root, tracking), root)
    shown = {(sample.benchmark, sample.arm) for sample in found.samples}
    assert shown == {(name, arm) for name in ("lcb-v6", "humaneval") for arm in ("Base", "Candidate")}


def test_what_a_stage_warns_of_is_a_note(tmp_path: Path) -> None:
    """A warning in a manifest is on the page with the stage's name."""
    warning = "3 of 4 programs that ran had no input: the filter says little"
    with artifacts.Output(path=tmp_path / "records/run", stage="curate", name="curate", key=KEY).claim() as draft:
        draft.finish(dataclasses.replace(EMPTY, facts={"filter": "Execution", "warning": warning}))
    curated = contract.StageArtifact(stage="curate", kind="curate", path="records/run", sharded=False)
    tracking = contract.Tracking(uri="", experiment="e", run_key="r", run_name="r")
    config = report_config(tmp_path, tracking, artifacts=(curated,), benchmarks=(), candidate="")
    assert evidence.gather(config, tmp_path).notes == [f"curate: {warning}"]


@pytest.mark.parametrize(
    ("kind", "follows"), [("sample", "nothing is trained on for them"), ("generate", "they count as unsolved")]
)
def test_samples_that_could_not_be_drawn_are_a_note(kind: str, follows: str, tmp_path: Path) -> None:
    """They are added up over shards, with how many prompts were too long and what that means for the stage."""
    for shard, lost in enumerate((2, 3)):
        output = artifacts.Output(
            path=files.shard(tmp_path / "samples/made", shard, 2), stage=kind, name="s", key=KEY, shard=shard
        )
        with output.claim() as draft:
            counts = {"samples": 20, "errors": lost, "prompt_too_long": 2}
            draft.finish(dataclasses.replace(EMPTY, counts=counts))
    made = contract.StageArtifact(stage="s", kind=kind, path="samples/made", sharded=True)
    tracking = contract.Tracking(uri="", experiment="e", run_key="r", run_name="r")
    config = report_config(tmp_path, tracking, artifacts=(made,), benchmarks=(), candidate="")
    assert evidence.gather(config, tmp_path).notes == [
        "s: 5 of 40 samples could not be drawn, 4 of them because the prompt is too long (prompt_too_long): " + follows
    ]


def test_other_verdicts_on_report_problems_change_no_choice(tmp_path: Path) -> None:
    """With the verdicts of all settings exchanged, the same settings are compared, and only their numbers differ."""
    root = reported.workspace(tmp_path, lcb=False)
    tracking = contract.Tracking(uri="", experiment="e", run_key="r", run_name="r")
    config = report_config(root, tracking)
    before = evidence.gather(config, root).panels["lcb-v6", "Process"]
    for arm in ("base", "candidate"):
        chosen, other = (root / f"verdicts/{arm}-lcb-v6-{name}-process" for name in (CHOSEN[arm.title()], "greedy"))
        chosen.rename(root / "verdicts/aside")
        other.rename(chosen)
        (root / "verdicts/aside").rename(other)
    after = evidence.gather(config, root).panels["lcb-v6", "Process"]
    assert after.chosen == before.chosen == CHOSEN
    assert after.delta("BestDecode", k=1).value != before.delta("BestDecode", k=1).value
