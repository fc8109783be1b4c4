"""`ssd plan` answers every file: with a plan, or with sentences that begin with the file's name."""

import subprocess
import sys
from pathlib import Path

import pytest

from resources import malformed
from ssd_jobs.contract.printable import printable
from ssd_operator.cli import app, document
from ssd_operator.errors import SsdError

SSD = Path(sys.executable).parent / "ssd"
MOST_CHARACTERS = 600
SEEDS = 13


def _judge(code: object, complaint: str, *, name: str) -> None:
    """Check how a file was answered."""
    assert code in (0, 64), complaint
    lines = complaint.splitlines()
    assert "Traceback" not in complaint
    assert printable(complaint, keep="\n") == complaint
    assert len(lines) <= 22
    assert bool(lines) or code == 0
    for line in lines:
        assert line.startswith((f"{name}:", "and ")), line
        assert len(line) <= MOST_CHARACTERS


@pytest.mark.parametrize("kind", malformed.KINDS)
def test_a_malformed_file_is_answered_in_sentences(
    kind: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """Exit 0 or 64, each sentence with its place, none of them long, and never a traceback."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(sys, "argv", ["ssd", "plan", "x.yaml"])
    for seed in range(SEEDS):
        (tmp_path / "x.yaml").write_bytes(malformed.text(kind, seed))
        with pytest.raises(SystemExit) as end:
            app.main()
        _judge(end.value.code, capsys.readouterr().err, name="x.yaml")


@pytest.mark.parametrize("kind", ["deep", "surrogate", "foreign bytes"])
def test_the_program_answers_alike(kind: str, tmp_path: Path) -> None:
    """A process of its own says the same as the function."""
    (tmp_path / "x.yaml").write_bytes(malformed.text(kind, 1))
    done = subprocess.run([str(SSD), "plan", "x.yaml"], capture_output=True, text=True, check=False, cwd=tmp_path)
    _judge(done.returncode, done.stderr, name="x.yaml")


@pytest.mark.parametrize("excess", [-1, 1])
@pytest.mark.parametrize("start", ["a: ", '{"a": "', "#"], ids=["yaml", "json", "comment"])
def test_a_file_around_the_largest_size_is_answered_in_sentences(start: str, excess: int, tmp_path: Path) -> None:
    """Just below the limit it is parsed, just above it is not; both are refused in words."""
    (tmp_path / "x.yaml").write_text(start.ljust(document.LARGEST + excess, "x"))
    with pytest.raises(SsdError) as found:
        document.read(tmp_path / "x.yaml")
    _judge(found.value.exit_code, str(found.value), name=str(tmp_path / "x.yaml"))
    assert ("bytes" in str(found.value)) == (excess > 0)
