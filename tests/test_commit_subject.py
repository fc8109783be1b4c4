"""A commit says what holds in one short line, and why below it."""

import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent
SCRIPT = ROOT / "scripts" / "commit_subject.py"


def judged(tmp_path: Path, message: str) -> subprocess.CompletedProcess[str]:
    """Ask as git's hook does."""
    (tmp_path / "COMMIT_EDITMSG").write_text(message)
    command = [sys.executable, str(SCRIPT), str(tmp_path / "COMMIT_EDITMSG")]
    return subprocess.run(command, capture_output=True, text=True, check=False)


@pytest.mark.parametrize(
    "message",
    [
        f"{'ü' * 72}\n",
        "A short subject\n\nWhy it is so, in lines as long as they must be.\n",
        f"fixup! {'x' * 72}\n",
        f"\n# a comment of git's\nA subject\n# {'x' * 80}\n",
        f"A subject\n# ------------------------ >8 ------------------------\n{'x' * 80}\n",
    ],
)
def test_a_message_in_form_is_taken(tmp_path: Path, message: str) -> None:
    """Characters are counted and not bytes; what git wrote for the author does not count."""
    assert judged(tmp_path, message).returncode == 0


@pytest.mark.parametrize(
    ("message", "words"),
    [
        (f"{'x' * 73}\n", "73 characters"),
        ("A subject\nthat goes on\n", "second line is not empty"),
    ],
)
def test_a_message_out_of_form_is_refused(tmp_path: Path, message: str, words: str) -> None:
    """With what is wrong and what to do."""
    done = judged(tmp_path, message)
    assert done.returncode == 1
    assert words in done.stderr


def test_without_a_history_there_is_nothing_to_judge(tmp_path: Path) -> None:
    """An unpacked archive is checked like a clone."""
    done = subprocess.run([sys.executable, str(SCRIPT)], cwd=tmp_path, capture_output=True, text=True, check=False)
    assert (done.returncode, done.stderr) == (0, "")
