"""Each sample is given out with its own decision."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pytest

from configs.curate import curate_config
from ssd_jobs import artifacts
from ssd_jobs.contract import CurateScience, files
from ssd_jobs.programs.filtering import SampleDecision
from ssd_jobs.stages.curate.decisions import SampledProgram, decided
from workspaces.sampling import sample_row, write_samples


def shard(root: Path, rows: list[dict[str, Any]]) -> artifacts.Artifact:
    write_samples(root, rows)
    return artifacts.open_artifact(files.shard(root / "samples/run", 0, 1))


def executing(root: Path) -> CurateScience:
    return curate_config(root, filter="Execution").science


def by_code(candidates: Sequence[SampledProgram]) -> list[SampleDecision]:
    """Decide as a program says itself."""
    return [SampleDecision(candidate.code.removeprefix("# ")) for candidate in candidates]


def test_a_decision_goes_with_its_sample(tmp_path: Path) -> None:
    """In whatever order samples finished, and whichever of them were run, each has the decision on its own program."""
    wanted = {f"p{number:03d}": decision for number, decision in enumerate(list(SampleDecision) * 12)}
    rows = [sample_row(name, text=f"```python\n# {decision}\n```") for name, decision in wanted.items()]
    rows += [sample_row(f"q{number:03d}", text="no program") for number in range(80)]
    found = decided(shard(tmp_path, rows[::-1]), executing(tmp_path), by_code, shortest=0)
    assert {row["problem_id"]: decision for row, decision in found} == {
        **wanted, **{f"q{number:03d}": SampleDecision.NO_CODE for number in range(80)},
    }  # fmt: skip


def test_a_program_in_thoughts_is_none(tmp_path: Path) -> None:
    """What a filter looks at is what grading looks at: a program in thoughts that never ended is not there."""
    text = "```python\nprint(1)\n```"
    rows = [sample_row("a", text=text), sample_row("b", text=text, answer_start=len(text), finish_reason="length")]
    science = curate_config(tmp_path, filter="Syntax").science
    found = decided(shard(tmp_path, rows), science, by_code, shortest=0)
    assert {row["problem_id"]: decision for row, decision in found} == {
        "a": SampleDecision.KEEP, "b": SampleDecision.NO_CODE,
    }  # fmt: skip


@pytest.mark.parametrize("change", [lambda found: found[:-1], lambda found: [*found, SampleDecision.KEEP]])
def test_no_sample_is_lost_in_silence(tmp_path: Path, change: Any) -> None:
    """A runner that decides on fewer or more programs than it was given ends the stage."""
    rows = [sample_row(f"p{number}", text=f"```python\n# {SampleDecision.KEEP}\n```") for number in range(3)]
    with pytest.raises(ValueError, match=r"zip\(\) argument 2 is (shorter|longer) than argument 1"):
        list(decided(shard(tmp_path, rows), executing(tmp_path), lambda each: change(by_code(each)), shortest=0))


def test_what_keeps_a_sample_is_no_reason_to_remove_it() -> None:
    """A sample stays in three cases; every other decision is a reason, and no two have one name."""
    kept = [decision for decision in SampleDecision if decision.keeps]
    assert kept == [SampleDecision.KEEP, SampleDecision.KEEP_EXERCISED, SampleDecision.KEEP_UNEXERCISED]
    assert all(decision.isidentifier() for decision in SampleDecision)
