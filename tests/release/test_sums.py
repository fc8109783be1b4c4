"""The digests of a release are in a form that everybody can check, and a key without cosign is one sentence."""

import subprocess
from pathlib import Path

import pytest

from release import sums
from release.errors import Refused


def test_sha256sum_checks_what_is_written(tmp_path: Path) -> None:
    """Each file is listed, a changed one is found, and the list does not name itself."""
    (tmp_path / "a").write_text("1")
    (tmp_path / "b c").write_text("2")
    sums.write(tmp_path)
    checked = ["sha256sum", "--check", "--strict", sums.SUMS]
    done = subprocess.run(checked, cwd=tmp_path, capture_output=True, text=True, check=True)
    assert done.stdout == "a: OK\nb c: OK\n"
    (tmp_path / "a").write_text("3")
    assert subprocess.run(checked, cwd=tmp_path, capture_output=True, check=False).returncode == 1


def test_a_key_needs_cosign(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Without the program nothing is signed, and the sentence names the key and what to do."""
    monkeypatch.setenv("PATH", str(tmp_path))
    with pytest.raises(Refused, match="cosign is not installed; install it, or release without a key"):
        sums.sign(sums.write(tmp_path), "my.key")
