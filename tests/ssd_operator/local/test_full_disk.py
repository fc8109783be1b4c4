"""A disk that is full is waited for as long as asked; then `ssd run` says so and ends with 75."""

import errno
import subprocess
import sys
from pathlib import Path

import pytest

from processes import disks
from ssd_operator.errors import NoSpace
from ssd_operator.local.workdir import Workdir

SSD = Path(sys.executable).parent / "ssd"
TOY = Path(__file__).parent.parent.parent.parent / "examples" / "toy" / "selfdistill.yaml"


def test_a_stage_without_space_ends_the_run_with_75(tmp_path: Path) -> None:
    """The model does not fit: one sentence names the artifact, what to do and that nothing is lost."""
    with disks.small(tmp_path / "work", megabytes=1) as disk:
        command = [str(SSD), "run", str(TOY), "--workdir", str(disk), "--wait", "0s"]
        done = subprocess.run(command, capture_output=True, text=True, check=False)
        assert done.returncode == 75, done.stderr
        assert done.stderr == ""
        last = done.stdout.splitlines()[-1]
        assert f"{disk}/models/" in last
        assert last.endswith("no space left on the volume; nothing is lost, free some; the same command goes on")
        shown = subprocess.run([SSD, "status", disk], capture_output=True, text=True, check=True)
        assert "no space left on the volume" in shown.stdout


def test_a_disk_that_is_full_from_the_start_ends_the_run_with_75(tmp_path: Path) -> None:
    """There is not even space for what the runner keeps for itself."""
    with disks.small(tmp_path / "work", megabytes=1) as disk:
        (disk / "ballast").write_bytes(b"x" * 2**20)
        done = subprocess.run([SSD, "run", TOY, "--workdir", disk], capture_output=True, text=True, check=False)
    assert done.returncode == 75
    assert done.stderr == f"{disk}: no space left; free some, then the same command continues\n"


@pytest.mark.parametrize("number", [errno.ENOSPC, errno.EDQUOT])
def test_a_quota_is_a_full_disk(number: int, tmp_path: Path) -> None:
    """What the kernel calls it makes no difference."""
    with pytest.raises(NoSpace), Workdir(tmp_path, "toy").writable():
        raise OSError(number, "words", str(tmp_path / "x"))
