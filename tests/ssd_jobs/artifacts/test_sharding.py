"""Which problem is in which shard, who fills it, and how many there are."""

import subprocess
import sys
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ssd_jobs import artifacts
from ssd_jobs.artifacts import shard_of, shards_of_process
from ssd_jobs.contract import files
from ssd_jobs.errors import BadInput, JobError

LAY_OUT = "import sys, pathlib; from ssd_jobs.artifacts import lay_out; print(lay_out(pathlib.Path(sys.argv[1]), {}))"


@given(problem_id=st.text(st.characters()), shards=st.integers(1, 1000))
def test_every_problem_has_a_shard(problem_id: str, shards: int) -> None:
    """Whatever its id is, a problem is in one of the shards."""
    assert 0 <= shard_of(problem_id, shards) < shards


def test_shards_are_about_equally_large() -> None:
    """No shard has much more to do than another."""
    counts = [0] * 8
    for number in range(8000):
        counts[shard_of(f"problem-{number}", 8)] += 1
    assert min(counts) > 880


def test_a_problem_keeps_its_shard() -> None:
    """The shard depends on the id alone, on every machine and in every version: artifacts are stored by it."""
    assert [shard_of(f"problem-{number}", 8) for number in range(6)] == [1, 5, 7, 0, 4, 2]


@given(processes=st.integers(1, 40), shards=st.integers(1, 40))
def test_the_processes_of_a_stage_share_all_shards_out(processes: int, shards: int) -> None:
    """Every shard of an artifact is filled by exactly one process, however many of both there are."""
    filled = [
        shard for index in range(processes) for shard in shards_of_process(index, processes=processes, shards=shards)
    ]
    assert sorted(filled) == list(range(shards))
    if processes == shards:
        assert filled == list(range(shards))


def test_the_first_one_decides_the_layout(tmp_path: Path) -> None:
    """An artifact keeps the number of shards that it was begun with; stages that begin at once agree on one."""
    command = [sys.executable, "-c"]
    started = [
        subprocess.Popen([*command, LAY_OUT.format(number), str(tmp_path / "a")], stdout=subprocess.PIPE, text=True)
        for number in (3, 4, 5)
    ]
    said = {process.communicate()[0].strip() for process in started}
    assert len(said) == 1
    assert said == {str(artifacts.lay_out(tmp_path / "a", 9))}
    assert files.layouts(tmp_path / "a") == [int(said.pop())]


def test_an_artifact_without_shards_or_with_two_layouts_is_refused(tmp_path: Path) -> None:
    """Nothing is read of an artifact that is not there, or of which nobody can say how many shards it has."""
    with pytest.raises(JobError, match=r"a: not complete \(no shard is there\); run the stage that writes it first"):
        artifacts.open_shards(tmp_path / "a")
    artifacts.lay_out(tmp_path / "a", 4)
    files.shard(tmp_path / "a", 1, 2).mkdir()
    with pytest.raises(BadInput, match=r"a: holds shards of 2 layouts \(2, 4 shards\); remove .*a and run its stage"):
        artifacts.open_shards(tmp_path / "a")
