"""How far a download is, seen from its directory."""

from pathlib import Path
from threading import Event

import pytest

from ssd_jobs.stages.prepare.sources import growing


def test_what_is_there_is_told_while_it_comes(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Also of a file that has another name until it is whole; never more than all, and all at the end."""
    monkeypatch.setattr(growing, "EVERY_S", 0.001)
    said: list[tuple[int, int]] = []
    seen = {size: Event() for size in (10, 30, 100)}

    def heard(done: int, total: int) -> None:
        said.append((done, total))
        if done in seen:
            seen[done].set()

    with growing.growing(tmp_path, 100, heard):
        (tmp_path / "config.json").write_bytes(b"x" * 10)
        assert seen[10].wait(60)
        (tmp_path / ".cache").mkdir()
        (tmp_path / ".cache" / "weights.incomplete").write_bytes(b"x" * 20)
        assert seen[30].wait(60)
        (tmp_path / "too-much").write_bytes(b"x" * 500)
        assert seen[100].wait(60)
    assert said[-1] == (100, 100)
    assert [done for done, _ in said] == sorted(done for done, _ in said)


def test_a_download_that_fails_is_not_told_to_its_end(tmp_path: Path) -> None:
    """An error passes, and nobody hears that all is there."""
    said: list[tuple[int, int]] = []
    with pytest.raises(OSError, match="away"), growing.growing(tmp_path, 100, lambda *each: said.append(each)):
        raise OSError("away")
    assert (100, 100) not in said
