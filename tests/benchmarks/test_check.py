"""Laws of `make bench-check`: a figure that has left its range, or that is missing, fails it by name."""

import json
from pathlib import Path

import pytest

from benchmarks import check


@pytest.mark.parametrize(
    ("figures", "says"),
    [
        pytest.param({"rss_mb": 100, "duplicates": 0}, "", id="within"),
        pytest.param({"rss_mb": 301, "duplicates": 0}, "rss_mb is 301, which is not between 0 and 300", id="left"),
        pytest.param({"rss_mb": 100}, "duplicates is not among the figures", id="missing"),
    ],
)
def test_a_figure_outside_of_its_range_fails(
    figures: dict[str, int], says: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """Every range is asked for, and what is wrong is said with the benchmark that found it."""
    program = tmp_path / "bench.py"
    program.write_text(f"print('working')\nprint({json.dumps(json.dumps(figures))})")
    ranges = [{"command": [str(program)], "ranges": {"rss_mb": [0, 300], "duplicates": [0, 0]}}]
    (tmp_path / "ranges.json").write_text(json.dumps(ranges))
    assert check.main(tmp_path / "ranges.json") == (1 if says else 0)
    assert says in capsys.readouterr().err


def test_every_range_is_one_of_a_benchmark_that_is_there() -> None:
    """The file names programs of this folder, and bounds in order."""
    for each in json.loads(check.RANGES.read_text(encoding="utf-8")):
        assert (check.RANGES.parents[1] / each["command"][0]).is_file()
        assert all(least <= most for least, most in each["ranges"].values())
