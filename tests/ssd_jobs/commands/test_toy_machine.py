"""Laws of `python -m ssd_jobs.commands.toy_machine`."""

from pathlib import Path

import pytest

from ssd_jobs.commands import toy_machine


def test_the_figures_are_printed(capsys: pytest.CaptureFixture[str]) -> None:
    """Both optima of the paper stand in the output."""
    assert toy_machine.main([]) == 0
    printed = capsys.readouterr().out
    assert "8.3 %   0.639" in printed
    assert "13.8 %   2.094" in printed


@pytest.mark.parametrize("suffix", [".png", ".svg"])
def test_the_plot_is_written(tmp_path: Path, suffix: str, capsys: pytest.CaptureFixture[str]) -> None:
    """`--plot` leaves an image and says where."""
    path = tmp_path / f"machine{suffix}"
    assert toy_machine.main(["--plot", str(path)]) == 0
    assert path.stat().st_size > 5000
    assert str(path) in capsys.readouterr().err


@pytest.mark.parametrize("name", ["missing/machine.png", "machine.xyz"], ids=["no folder", "no such format"])
def test_a_plot_that_cannot_be_written_is_one_sentence(
    tmp_path: Path, name: str, capsys: pytest.CaptureFixture[str]
) -> None:
    """A wrong path ends in exit code 64 and a line without a traceback."""
    assert toy_machine.main(["--plot", str(tmp_path / name)]) == 64
    error = capsys.readouterr().err
    assert error.count("\n") == 1
    assert "cannot be written" in error
